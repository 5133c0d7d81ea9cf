import { isCreation } from '../model/change.ts'
import { ClosedError } from '../model/errors.ts'
import { decodePosition, encodePosition, type LogPosition, type Position } from '../model/position.ts'
import type { Runtime } from '../model/runtime.ts'
import type { Replica } from '../replica/replica.ts'
import { type ReloadReason, type ReplicaEvent, replicaChange } from '../replica/replica-event.ts'
import type { RetryingStore } from '../replica/retrying-store.ts'
import type { SectionReplica } from '../replica/section-replica.ts'
import { decodeChange } from '../transport/decode.ts'
import type { ResetReason, SyncedBy } from './api.ts'
import { cancellable } from './cancellable-iterator.ts'
import { type ChangeBatchOptions, nextBatch } from './change-batching.ts'
import { type ChangeEvent, type ChangeEventBatch, toChangeBatch } from './change-events.ts'
import type { Migration } from './schema-migration.ts'

/**
 * Maximum number of changes that wait for a slow watcher. Beyond it, the stream emits the documents' values instead.
 */
const MAX_BUFFERED = 10_000
const PAGE_SIZE = 1_000
const LOAD_BATCH_SIZE = 256

/** Options of a stream, with their defaults. */
export interface StreamOptions {
  readonly key: string | undefined
  readonly prefix: string | undefined
  readonly fields: ReadonlySet<string> | undefined
  readonly from: 'now' | 'snapshot' | LogPosition
  readonly until: 'stopped' | 'now'
  readonly maxBatch: number
  readonly combine: boolean
  readonly values: boolean
  readonly signal: AbortSignal | undefined
}

/** Minimum time between two empty batches that report a newer position, in ms. */
const BOOKMARK_INTERVAL_MS = 5_000

const positionOf = ({ epoch, sequence }: LogPosition): LogPosition => ({ epoch, sequence })

const NO_POSITION: LogPosition = { epoch: '', sequence: 0 }

/**
 * Position from which a resumed stream begins again. A watcher that resumes halfway through a snapshot needs all of it.
 */
const restartPosition = (epoch: string): Position => encodePosition({ epoch, sequence: 0 })

/**
 * Stream of one document's changes in version order, or of a section's changes in sequence order.
 *
 * It first emits the backfill that `from` requires, read from the log or as a snapshot. Live events wait in the
 * meantime. A stream restarts with a snapshot if it cannot continue change by change: the log is truncated, the epoch
 * has ended, or too many changes wait.
 */
export class ChangeStream {
  readonly #section: SectionReplica
  readonly #retryingStore: RetryingStore
  readonly #options: StreamOptions
  readonly #migration: Migration
  readonly #runtime: Runtime
  readonly #batching: ChangeBatchOptions
  /** Backfill that must precede live events: from the log, or a snapshot with this reason. */
  #backfill: ReloadReason | 'log' | undefined
  #liveEvents: ReplicaEvent[] = []
  /**
   * Documents that need a reset because their changes are not available one by one, with the position of the last one.
   */
  readonly #keysToReset = new Map<string, LogPosition>()
  /** Position up to which everything of the section was delivered. Single documents may be further. */
  #deliveredUpTo: LogPosition = NO_POSITION
  readonly #deliveredByKey = new Map<string, LogPosition>()
  /** Those positions in `#deliveredByKey` at which a removal was delivered. */
  readonly #deliveredRemovals = new WeakSet<LogPosition>()
  /** Sequence at which an event was observed that is repositioned elsewhere in the stream. */
  readonly #observedAt = new WeakMap<ReplicaEvent, number>()
  /** Highest sequence delivered since the last restart. */
  #highestDelivered = 0
  /** Documents that exist as far as the watcher knows. One that is gone after a restart needs a `removed`. */
  readonly #existingKeys = new Set<string>()
  /**
   * True once a snapshot was delivered: a document outside `#existingKeys` was deleted before the snapshot was read.
   */
  #snapshotDelivered = false
  #wake: () => void = () => {}
  #detach: () => void = () => {}
  #cancelBookmark: (() => void) | undefined
  #stopped = false
  /** True once the changes were requested that a stream with `until: 'now'` needs to end. */
  #isEnding = false
  /** Position up to which the log was replayed. Live events at or below it are duplicates. */
  #replayedUpTo: LogPosition = NO_POSITION
  /** Position of the watched document's last replayed change. */
  #lastReplayedChange: LogPosition = NO_POSITION
  /**
   * Highest sequence of the emitted resets. While the stream is below it, no position is safe to save: a watcher that
   * resumed there would receive changes that these values already contain.
   */
  #resetsUpTo = 0
  /** Sequence of the first change whose document waits in `#keysToReset`. */
  #unresolvedFrom = Number.POSITIVE_INFINITY
  /** True if documents wait for a reset because changes were dropped, not only because their values must be loaded. */
  #overflowed: boolean
  /** Set from a backfill until the batch that reports its end. */
  #syncing: SyncedBy | undefined
  /** Position of the last batch, and the time of that batch. */
  #emitted: LogPosition = NO_POSITION
  #emittedAt: number
  /** True if that position leads to the beginning, so that the next safe one is emitted at once. */
  #isBeginning = false

  constructor({ section, retryingStore, migration, runtime }: ChangeStreamDeps, options: StreamOptions) {
    const { maxBatch, combine, values, fields, from } = options
    const matches = (event: ChangeEvent): boolean => {
      if (!fields || !('fields' in event)) return true
      // a delta names fields of the stored shape; the current ones are known only for a cached document
      if (event.kind === 'delta' && migration.isEnabled) return true
      const migrated = migration.change(event)
      return 'fields' in migrated && migrated.fields.some((field) => fields.has(field))
    }
    this.#section = section
    this.#retryingStore = retryingStore
    this.#options = options
    this.#migration = migration
    this.#runtime = runtime
    this.#emittedAt = runtime.elapsed()
    this.#batching = { maxBatch, combine, values, matches }
    this.#overflowed = !values
    this.#backfill = from === 'now' ? undefined : from === 'snapshot' ? 'snapshot' : 'log'
    if (typeof from !== 'object') return
    // an earlier stream has delivered everything up to there
    this.#highestDelivered = from.sequence
    if (options.key !== undefined) this.#existingKeys.add(options.key)
  }

  /**
   * Iterates over batches until `signal` aborts, the consumer stops, or the instance closes (`SYNC_CLOSED`). It ends at
   * once, even while a store request is pending.
   */
  iterator(): AsyncIterator<ChangeEventBatch, void> {
    return cancellable(this.#batches(), {
      signal: this.#options.signal,
      map: ({ events, position, synced }) =>
        toChangeBatch(
          events.map((change) => this.#migration.change(change)),
          position,
          synced,
        ),
      onCancel: () => {
        this.#stopped = true
        this.#detach()
        this.#wake()
      },
    })
  }

  async *#batches(): AsyncGenerator<Emission, void, void> {
    const { key, until } = this.#options
    const unsubscribe = this.#section.onClose(() => this.#wake())
    try {
      if (this.#section.closed) throw new ClosedError('the instance is closed')
      await this.#section.ensureSubscribed()
      this.#attach()
      if (key !== undefined) await this.#section.acquire(key)
      // with `until: 'now'`, everything that the store contains now must arrive before the stream can end
      if (until === 'now') await this.#section.catchUp()
      while (!this.#stopped) {
        if (this.#section.closed) throw new ClosedError('the instance is closed')
        yield* this.#next()
      }
    } finally {
      unsubscribe()
      this.#cancelBookmark?.()
      this.#detach()
    }
  }

  async *#next(): AsyncGenerator<Emission, void, void> {
    if (this.#backfill === 'log') yield* this.#replayLog(this.#options.from as LogPosition)
    else if (this.#backfill) yield* this.#emitSnapshot(this.#backfill)
    else if (this.#keysToReset.size > 0)
      yield* this.#emitResets([...this.#keysToReset.keys()], this.#overflowed ? 'overflow' : 'loaded')
    // the stream may have been restarted while the consumer was busy with that batch
    else if (yield* this.#emit([], this.#caughtUpTo())) return
    else if (this.#liveEvents.length > 0) yield* this.#emitBatch(this.#liveEvents)
    else if (this.#options.until === 'now') await this.#endUnlessBehind()
    else await this.#untilWoken()
  }

  /** Ends the stream. A snapshot that contains later changes needs them first, so that its position is safe to save. */
  async #endUnlessBehind(): Promise<void> {
    if (!this.#syncing || this.#isEnding) this.#stopped = true
    this.#isEnding = true
    if (!this.#stopped) await this.#section.catchUp()
  }

  /** Resolves on the next event, or when a bookmark may be due. */
  async #untilWoken(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    // one timer serves many waits, because a busy stream waits thousands of times per second
    this.#cancelBookmark ??= this.#scheduleBookmark()
    await promise
  }

  /** Wakes the stream when a bookmark may be due. Returns a function that cancels this. */
  #scheduleBookmark(): () => void {
    const left = this.#emittedAt + BOOKMARK_INTERVAL_MS - this.#runtime.elapsed()
    const wake = (): void => {
      this.#cancelBookmark = undefined
      this.#wake()
    }
    return this.#runtime.schedule(wake, left > 0 ? left : BOOKMARK_INTERVAL_MS, 'upkeep')
  }

  /**
   * Emits the changes, if any, with their position. `reached`: position up to which everything was emitted, including
   * these changes; `undefined` if a stream that resumes must begin again. Without changes, emits a batch only if it
   * completes a backfill or its position is due. Returns whether it emitted a batch.
   */
  *#emit(events: readonly ChangeEvent[], reached: LogPosition | undefined): Generator<Emission, boolean, void> {
    const isComplete = reached && !this.#backfill && this.#keysToReset.size === 0
    const synced = isComplete ? this.#syncing : undefined
    const now = this.#runtime.elapsed()
    if (events.length === 0 && !synced) {
      if (!reached || reached.sequence <= this.#validUpTo(this.#emitted)) return false
      if (!this.#isBeginning && now - this.#emittedAt < BOOKMARK_INTERVAL_MS) return false
    }
    if (synced) this.#syncing = undefined
    this.#emitted = reached ?? NO_POSITION
    this.#isBeginning = reached === undefined
    this.#emittedAt = now
    const position = reached ? encodePosition(reached) : restartPosition(this.#section.epochs.epoch)
    yield { events, position, synced }
    return true
  }

  /** Returns the position up to which the stream has emitted everything; `undefined` if no position is safe to save. */
  #caughtUpTo(): LogPosition | undefined {
    const { epoch } = this.#section.epochs
    const observed = this.#liveEvents.length > 0 ? 0 : this.#observedUpTo()
    if (observed === undefined) return undefined
    const sequence = Math.max(observed, this.#validUpTo(this.#deliveredUpTo))
    if (sequence < this.#resetsUpTo) return undefined
    this.#resetsUpTo = 0
    this.#markDelivered({ epoch, sequence })
    return { epoch, sequence }
  }

  /** Returns the sequence up to which the stream has observed every event; `undefined` while that is not known. */
  #observedUpTo(): number | undefined {
    const { key } = this.#options
    const { reader, reorderBuffer, epochs } = this.#section
    if (key === undefined) return reorderBuffer.released
    const replica = reader.peek(key)
    return replica?.settled && replica.epoch === epochs.epoch ? this.#section.validAsOf(replica) : undefined
  }

  // ---- live ------------------------------------------------------------------------------------------------------

  #attach(): void {
    const { key } = this.#options
    const { reader, epochs, reorderBuffer } = this.#section
    const highestSeen = (): number => this.#highestDelivered
    const aheadSequence = (): number =>
      this.#existingKeys.has(key ?? '') ? this.#validUpTo(this.#lastReplayedChange) : 0
    const watcher = {
      get highestSeen() {
        return highestSeen()
      },
      get aheadSequence() {
        return aheadSequence()
      },
      observe: (event: ReplicaEvent) => this.#onEvent(event),
      reset: (sequence: number, reason: ReloadReason) => this.#reset(sequence, reason),
    }
    if (key === undefined) {
      this.#deliveredUpTo = { epoch: epochs.epoch, sequence: reorderBuffer.released }
      this.#detach = reorderBuffer.observe(watcher)
      return
    }
    const seen = (): number => reader.peek(key)?.sequence ?? 0
    this.#deliveredUpTo = { epoch: epochs.epoch, sequence: seen() }
    // the log may have been replayed further than the replica has received
    const rewind = (): void => this.#reset(seen(), 'epoch')
    this.#detach = reader.observers.add(key, Object.assign(watcher, { rewind }))
  }

  /** Continues after `sequence`, with a backfill in place of the earlier changes. */
  #reset(sequence: number, reason: ReloadReason): void {
    this.#liveEvents = []
    this.#deliveredUpTo = { epoch: this.#section.epochs.epoch, sequence }
    this.#highestDelivered = sequence
    this.#resetsUpTo = 0
    this.#replayedUpTo = NO_POSITION
    this.#unresolvedFrom = Number.POSITIVE_INFINITY
    this.#backfill = reason
    this.#wake()
  }

  #onEvent(event: ReplicaEvent): void {
    const { key, kind, sequence } = event
    if (!this.#matchesPrefix(key) || this.#wasReplayed(kind, sequence)) return
    this.#highestDelivered = Math.max(this.#highestDelivered, sequence)
    // a reset of a watched document may go back in history: later events were lost and must not be emitted
    if (kind === 'reset' && this.#options.key !== undefined)
      while ((this.#liveEvents.at(-1)?.sequence ?? 0) > sequence) this.#liveEvents.pop()
    if (this.#keysToReset.has(key)) this.#keysToReset.set(key, positionOf(event))
    else
      this.#liveEvents.push(
        kind === 'change' || this.#options.key !== undefined ? event : this.#atStreamPosition(event),
      )
    if (this.#liveEvents.length > MAX_BUFFERED) {
      this.#overflowed = true
      for (const each of this.#liveEvents) {
        if (!this.#keysToReset.has(each.key)) this.#expectRemoval(each)
        this.#keysToReset.set(each.key, positionOf(each))
      }
      this.#liveEvents = []
    }
    this.#wake()
  }

  /**
   * True if the replay included this event or a later one. A delayed answer must not take the watcher back while its
   * history continues.
   */
  #wasReplayed(kind: ReplicaEvent['kind'], sequence: number): boolean {
    if (kind === 'change') return sequence <= this.#validUpTo(this.#replayedUpTo)
    const last = this.#lastReplayedChange
    return sequence < last.sequence && !this.#isLost(last)
  }

  /** True if the current history does not contain this position. */
  #isLost(position: LogPosition): boolean {
    return this.#validUpTo(position) < position.sequence
  }

  /**
   * Moves an event that has no sequence of its own to the stream's position. Older changes of its document are then
   * duplicates.
   */
  #atStreamPosition(event: ReplicaEvent): ReplicaEvent {
    if (event.sequence > this.#validUpTo(this.#deliveredByKey.get(event.key)))
      this.#deliveredByKey.set(event.key, positionOf(event))
    return this.#repositioned(
      event,
      this.#liveEvents.at(-1)?.sequence ?? this.#validUpTo(this.#deliveredUpTo),
      event.sequence,
    )
  }

  #repositioned(event: ReplicaEvent, sequence: number, asOf: number): ReplicaEvent {
    const copy = { ...event, sequence }
    this.#observedAt.set(copy, asOf)
    return copy
  }

  #markDelivered(position: LogPosition): void {
    const sequence = Math.max(this.#validUpTo(position), this.#validUpTo(this.#deliveredUpTo))
    this.#deliveredUpTo = { epoch: this.#section.epochs.epoch, sequence }
    this.#highestDelivered = Math.max(this.#highestDelivered, sequence)
  }

  /** Returns the sequence up to which a position belongs to the current history. */
  #validUpTo(position: LogPosition | undefined): number {
    return position ? this.#section.epochs.validUpTo(position) : 0
  }

  #matchesPrefix(key: string): boolean {
    const { prefix } = this.#options
    return prefix === undefined || key.startsWith(prefix)
  }

  *#emitBatch(pending: ReplicaEvent[]): Generator<Emission, void, void> {
    const isNew = (event: ReplicaEvent): boolean => this.#isNew(event)
    const { events, unresolved, unresolvedFrom, upTo } = nextBatch(pending, this.#batching, isNew, this.#unresolvedFrom)
    this.#unresolvedFrom = unresolvedFrom
    for (const [key, sequence] of unresolved) {
      // the watcher knows a document that changed: if the load finds none, its removal must be emitted
      this.#existingKeys.add(key)
      this.#keysToReset.set(key, { epoch: this.#section.epochs.epoch, sequence })
    }
    for (const each of events) this.#trackExistence(each)
    this.#markDelivered(upTo)
    const sequence = Math.max(0, Math.min(upTo.sequence, unresolvedFrom - 1))
    const reached = sequence >= this.#resetsUpTo ? this.#notBefore({ epoch: upTo.epoch, sequence }) : undefined
    const safeEvents = this.#resetsUpTo > 0 ? this.#withSafePositions(events, unresolved.size === 0) : events
    yield* this.#emit(safeEvents, reached)
  }

  /** Returns the position, or the one of the last batch if it is later: a reset can be older than the replayed log. */
  #notBefore(position: LogPosition): LogPosition {
    const { epochs } = this.#section
    const sequence = this.#validUpTo(this.#emitted)
    return sequence > this.#validUpTo(position) ? { epoch: epochs.epoch, sequence } : position
  }

  /** Returns the changes with positions that are safe to save. `isComplete`: nothing is left after the last one. */
  #withSafePositions(events: readonly ChangeEvent[], isComplete: boolean): readonly ChangeEvent[] {
    const resetsUpTo = this.#resetsUpTo
    const caughtUp = isComplete && this.#deliveredUpTo.sequence >= resetsUpTo
    if (caughtUp) this.#resetsUpTo = 0
    return events.map((each, at) => {
      const { epoch, sequence } = decodePosition(each.position)
      if (sequence >= resetsUpTo) return each
      return {
        ...each,
        position: caughtUp && at === events.length - 1 ? encodePosition(this.#deliveredUpTo) : restartPosition(epoch),
      }
    })
  }

  /** True unless an emitted value of the document already contains this event. */
  #isNew(event: ReplicaEvent): boolean {
    const { key } = event
    if (event.kind === 'change') {
      const delivered = this.#deliveredByKey.get(key)
      if (delivered && this.#isIncludedIn(delivered, event)) return false
      if (isCreation(event.change)) this.#existingKeys.add(key)
      return !this.#snapshotDelivered || this.#existingKeys.has(key)
    }
    // the snapshot already contained a later state of the document
    const asOf = this.#observedAt.get(event)
    const delivered = this.#deliveredByKey.get(key)
    if (asOf !== undefined && asOf < this.#validUpTo(delivered)) return false
    // one expiry can be observed twice: by a load, and by the log that is read after it
    if (asOf !== undefined && delivered && !event.value) {
      if (this.#deliveredRemovals.has(delivered)) return false
      this.#deliveredRemovals.add(delivered)
    }
    // a reset of a watched document may go back in history
    if (this.#options.key !== undefined) {
      this.#deliveredByKey.delete(key)
      this.#replayedUpTo = NO_POSITION
      this.#resetsUpTo = 0
    }
    return true
  }

  /** True if a delivered value contains this change, or the change does not follow that value. */
  #isIncludedIn(delivered: LogPosition, event: ReplicaEvent): boolean {
    // within one epoch, sequences are comparable even if its history was lost
    if (delivered.epoch === event.epoch) return event.sequence <= delivered.sequence
    // lost changes do not follow a value of the current history
    const lost = this.#isLost(event) && delivered.epoch === this.#section.epochs.epoch
    return lost || event.sequence <= this.#validUpTo(delivered)
  }

  /**
   * Records that the watcher may know the document of a change that it does not receive. If the document is gone when
   * it is loaded, the watcher then receives a `removed`. A created document is new to the watcher, and after a snapshot
   * all known documents are recorded.
   */
  #expectRemoval(event: ReplicaEvent): void {
    if (this.#snapshotDelivered) return
    const { key } = event
    const delivered = this.#deliveredByKey.get(key)
    const isUndelivered = event.kind === 'change' && !(delivered && this.#isIncludedIn(delivered, event))
    if (isUndelivered && !isCreation(event.change)) this.#existingKeys.add(key)
  }

  #trackExistence({ key, kind }: Pick<ChangeEvent, 'key' | 'kind'>): void {
    if (kind === 'removed') this.#existingKeys.delete(key)
    else this.#existingKeys.add(key)
  }

  // ---- backfill --------------------------------------------------------------------------------------------------

  /** Replays the log from a saved position up to the first live event. */
  async *#replayLog(from: LogPosition): AsyncGenerator<Emission, void, void> {
    const { key } = this.#options
    const { ref, epochs } = this.#section
    const scope = key === undefined ? ref : { ...ref, key }
    const liveFrom = this.#validUpTo(this.#deliveredUpTo)
    const latest = new Map<string, number>()
    for (let after = from; ; ) {
      const { switches } = epochs
      const page = await this.#retryingStore.read((store) => store.changesSince(scope, after, PAGE_SIZE))
      if (!this.#section.acceptAnswer(page.state, switches)) continue
      // a reset during the request has replaced this backfill
      if (this.#backfill !== 'log') return
      if (page.status !== 'page') {
        this.#backfill = page.status === 'unknown-position' ? 'epoch' : 'log-truncated'
        return
      }
      const { epoch, sequence } = page.state
      const changes = page.changes.filter((each) => this.#matchesPrefix(each.key))
      for (const each of changes) latest.set(each.key, each.sequence)
      const last = changes.at(-1)
      if (key !== undefined && last) this.#lastReplayedChange = { epoch, sequence: last.sequence }
      const decoded = changes.map((each) => ({ ...decodeChange(each), epoch }))
      // the replica must apply these changes too, so that its next event follows the replayed ones
      if (key !== undefined)
        for (const [at, change] of decoded.entries()) this.#section.acceptLogged(change, changes[at]?.text.length ?? 0)
      const past = decoded.map((change) => replicaChange(change, false))
      while (past.length > 0) {
        yield* this.#emitBatch(past)
        // a reset while the consumer was busy may have replaced this backfill
        if (this.#backfill !== 'log') return
      }
      after = { epoch, sequence: page.upTo }
      this.#replayedUpTo = { epoch, sequence: Math.max(page.upTo, from.sequence) }
      this.#markDelivered(this.#replayedUpTo)
      if (page.upTo >= liveFrom || page.upTo >= sequence) break
    }
    this.#backfill = undefined
    this.#syncing = 'log'
    // from a reset onwards every event counts; without one, replayed changes are dropped
    const isReset = ({ kind, sequence }: ReplicaEvent): boolean =>
      kind === 'reset' && !this.#wasReplayed(kind, sequence)
    const resetIndex = key === undefined ? -1 : this.#liveEvents.findLastIndex(isReset)
    this.#liveEvents =
      resetIndex >= 0
        ? this.#liveEvents.slice(resetIndex)
        : this.#liveEvents.flatMap((event) => this.#notReplayed(event, latest))
    if (key !== undefined && this.#section.options.ttl !== undefined && !latest.has(key))
      latest.set(key, this.#validUpTo(from))
    await this.#resetExpired(latest)
  }

  /**
   * Returns the event at the stream's position unless the replay included it. `latest`: the sequence of each document's
   * last replayed change.
   */
  #notReplayed(event: ReplicaEvent, latest: ReadonlyMap<string, number>): readonly ReplicaEvent[] {
    const logged = this.#validUpTo(this.#replayedUpTo)
    if (event.kind === 'change') return event.sequence > logged && !this.#isLost(event) ? [event] : []
    const asOf = this.#observedAt.get(event) ?? 0
    return asOf > (latest.get(event.key) ?? 0)
      ? [this.#repositioned(event, Math.max(event.sequence, logged), asOf)]
      : []
  }

  /**
   * Schedules resets for documents that have expired, because the log does not record it: replayed ones, and the
   * watched one. In a section without a TTL, only a cached replica can know of a removal that the log lacks.
   */
  async #resetExpired(latest: ReadonlyMap<string, number>): Promise<void> {
    const { reader, epochs, options } = this.#section
    const { switches, epoch } = epochs
    const isLoading = options.ttl !== undefined && this.#options.key === undefined
    const keys = [...latest.keys()].filter((key) => this.#existingKeys.has(key))
    for (let at = 0; at < keys.length; at += LOAD_BATCH_SIZE) {
      const keyBatch = keys.slice(at, at + LOAD_BATCH_SIZE)
      const states = isLoading
        ? await Promise.all(keyBatch.map((key) => reader.readTransient(key)))
        : keyBatch.map((key) => reader.peek(key))
      if (this.#backfill || epochs.switches !== switches) return
      for (const [index, state] of states.entries()) {
        const key = keyBatch[index] as string
        const sequence = latest.get(key) as number
        if (state?.settled && !state.exists && state.sequence >= sequence)
          this.#keysToReset.set(key, { epoch, sequence })
      }
    }
  }

  /** Emits every existing document as a reset. */
  async *#emitSnapshot(reason: ReloadReason): AsyncGenerator<Emission, void, void> {
    const { key } = this.#options
    this.#backfill = undefined
    this.#syncing = 'snapshot'
    this.#unresolvedFrom = Number.POSITIVE_INFINITY
    this.#deliveredByKey.clear()
    this.#keysToReset.clear()
    const keys = new Set(this.#existingKeys)
    if (key !== undefined) keys.add(key)
    else {
      for (const each of await this.#listKeys()) keys.add(each)
      this.#snapshotDelivered = true
    }
    yield* this.#emitResets([...keys], reason === 'expired' ? 'log-truncated' : reason)
  }

  /** Returns the keys of all existing documents. A known document outside the list is deleted. */
  async #listKeys(): Promise<readonly string[]> {
    const { keys, highestSequence } = await this.#section.reader.listKeys(this.#options.prefix)
    this.#highestDelivered = Math.max(this.#highestDelivered, highestSequence)
    // the list already lacks the documents that were deleted before it was read
    this.#resetsUpTo = Math.max(this.#resetsUpTo, highestSequence)
    return keys
  }

  /** Emits the current values of these documents. Only the last one carries a position that covers all of them. */
  async *#emitResets(keys: readonly string[], reason: ResetReason): AsyncGenerator<Emission, void, void> {
    const { maxBatch, key: only } = this.#options
    const { epochs } = this.#section
    const streamPosition = { epoch: epochs.epoch, sequence: this.#validUpTo(this.#deliveredUpTo) }
    let batch: ChangeEvent[] = []
    let reached: LogPosition | undefined = streamPosition
    for (let at = 0; at < keys.length && !this.#backfill; ) {
      const keyBatch = keys.slice(at, at + LOAD_BATCH_SIZE)
      const { switches } = epochs
      const states = await Promise.all(keyBatch.map((key) => this.#readState(key, streamPosition.sequence)))
      // values of an abandoned history must not be emitted, because no reset would correct them
      if (epochs.switches !== switches) continue
      for (const [index, { value, version, changedAt, epoch, sequence }] of states.entries()) {
        const key = keyBatch[index] as string
        // a change that arrived during the load requires another reset
        if (this.#validUpTo(this.#keysToReset.get(key)) <= sequence) this.#keysToReset.delete(key)
        const last = at + index === keys.length - 1 && this.#keysToReset.size === 0
        const position = only === undefined ? streamPosition : { epoch, sequence }
        this.#resetsUpTo = Math.max(this.#resetsUpTo, sequence)
        const isSafe = last && (only !== undefined || this.#resetsUpTo <= streamPosition.sequence)
        const common = {
          key,
          version,
          commits: 1,
          at: changedAt,
          position: isSafe ? encodePosition(position) : restartPosition(epoch),
        }
        const wasKnown = this.#existingKeys.has(key)
        if (value) batch.push({ ...common, kind: 'reset', value, reason })
        else if (wasKnown) batch.push({ ...common, kind: 'removed', reason: reason === 'epoch' ? 'lost' : 'deleted' })
        // this value contains all waiting events of the watched document
        if (only !== undefined && (value || wasKnown)) this.#liveEvents = []
        this.#trackExistence({ key, kind: value ? 'reset' : 'removed' })
        const delivered = { epoch, sequence }
        this.#deliveredByKey.set(key, delivered)
        if (!value) this.#deliveredRemovals.add(delivered)
        this.#highestDelivered = Math.max(this.#highestDelivered, sequence)
        if (only !== undefined) reached = position
        if (batch.length < maxBatch) continue
        yield* this.#emit(batch, isSafe ? position : undefined)
        batch = []
      }
      at += keyBatch.length
    }
    if (this.#backfill || this.#keysToReset.size > 0) reached = undefined
    else {
      this.#unresolvedFrom = Number.POSITIVE_INFINITY
      this.#overflowed = !this.#options.values
    }
    if (only === undefined && this.#resetsUpTo > streamPosition.sequence) reached = undefined
    // these are recorded as delivered, so they must be emitted even if a restart is pending
    yield* this.#emit(batch, reached)
  }

  /**
   * Reads a document's current state. A watched document is read from its replica, so that the replica's next event
   * follows it.
   */
  #readState(key: string, sequence: number): Promise<Replica> {
    const section = this.#section
    return this.#options.key === undefined
      ? section.readTransient(key, sequence)
      : section.acquireSettledAsOf(key, sequence)
  }
}

/** A batch before its documents are converted to their current shape. */
interface Emission {
  readonly events: readonly ChangeEvent[]
  readonly position: Position
  readonly synced: SyncedBy | undefined
}

/** Collaborators of {@link ChangeStream}. */
interface ChangeStreamDeps {
  readonly section: SectionReplica
  readonly retryingStore: RetryingStore
  readonly migration: Migration
  readonly runtime: Runtime
}
