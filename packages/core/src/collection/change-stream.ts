import { isCreation } from '../model/change.ts'
import { ClosedError } from '../model/errors.ts'
import { decodePosition, encodePosition, type LogPosition, type Position } from '../model/position.ts'
import type { Replica } from '../replica/replica.ts'
import { type ReloadReason, type ReplicaEvent, replicaChange } from '../replica/replica-event.ts'
import type { RetryingStore } from '../replica/retrying-store.ts'
import type { SectionReplica } from '../replica/section-replica.ts'
import { decodeChange } from '../transport/decode.ts'
import type { ResetReason } from './api.ts'
import { cancellable } from './cancellable-iterator.ts'
import { type ChangeBatchOptions, nextBatch } from './change-batching.ts'
import type { ChangeEvent } from './change-events.ts'
import type { Migration } from './schema-migration.ts'

/** Changes that may wait for a slow watcher; beyond, it is told the values instead. */
const MAX_BUFFERED = 10_000
const PAGE_SIZE = 1_000
const LOAD_BATCH_SIZE = 256

/** What a stream is asked for, its defaults filled in. */
export interface StreamOptions {
  readonly key: string | undefined
  readonly prefix: string | undefined
  readonly fields: ReadonlySet<string> | undefined
  readonly from: 'now' | 'snapshot' | LogPosition
  readonly until: 'stopped' | 'now'
  readonly maxBatch: number
  readonly combine: boolean
  readonly signal: AbortSignal | undefined
}

const positionOf = ({ epoch, sequence }: LogPosition): LogPosition => ({ epoch, sequence })

const NO_POSITION: LogPosition = { epoch: '', sequence: 0 }

/** Where to begin again: whoever resumes halfway through a snapshot is told all there is. */
const restartPosition = (epoch: string): Position => encodePosition({ epoch, sequence: 0 })

/**
 * The changes of one document, in its order; or of a section, in the order of its sequence.
 *
 * First what lies before (`from`), read from the log or as a snapshot; then what the section tells, which is kept waiting
 * meanwhile. A stream whose past is gone (the log trimmed, the epoch ended, too much waiting) begins again with a snapshot.
 */
export class ChangeStream {
  readonly #section: SectionReplica
  readonly #retryingStore: RetryingStore
  readonly #options: StreamOptions
  readonly #migration: Migration
  readonly #batching: ChangeBatchOptions
  /** What lies before has to be told first: from the log, or as a snapshot for this reason. */
  #backfill: ReloadReason | 'log' | undefined
  #liveEvents: ReplicaEvent[] = []
  /** Documents whose changes cannot be told one by one: their values are. With the place of the last one. */
  readonly #keysToReset = new Map<string, LogPosition>()
  /** Everything of the section up to here was handed out; single documents further. */
  #deliveredUpTo: LogPosition = NO_POSITION
  readonly #deliveredByKey = new Map<string, LogPosition>()
  /** Those of them as of which the end of the document was told. */
  readonly #deliveredRemovals = new WeakSet<LogPosition>()
  /** The sequence at which something was seen that stands elsewhere. */
  readonly #observedAt = new WeakMap<ReplicaEvent, number>()
  /** The highest sequence of all that was handed out since the last jump. */
  #highestDelivered = 0
  /** Documents that, as far as the watcher knows, exist: should they be gone after a jump, it is told. */
  readonly #existingKeys = new Set<string>()
  /** The watcher was told of all there are: what is not `#alive` came to its end before the snapshot was read. */
  #snapshotDelivered = false
  #wake: () => void = () => {}
  #detach: () => void = () => {}
  #stopped = false
  /** The log was told up to here: what comes live of it is no news. */
  #replayedUpTo: LogPosition = NO_POSITION
  /** The last change of the watched document that the log told. */
  #lastReplayedChange: LogPosition = NO_POSITION
  /**
   * The values told are as of this sequence, or an earlier one. Until the stream itself is as far, no position is safe to save:
   * who resumed there would be told again, as changes, what is part of these values already.
   */
  #resetsUpTo = 0

  constructor(section: SectionReplica, retryingStore: RetryingStore, options: StreamOptions, migration: Migration) {
    const { maxBatch, combine, fields, from } = options
    const matches = (told: ChangeEvent): boolean => {
      if (!fields || !('fields' in told)) return true
      // what an old shape's fields are in today's shows only where the document is held
      if (told.kind === 'delta' && migration.isEnabled) return true
      const migrated = migration.change(told)
      return 'fields' in migrated && migrated.fields.some((field) => fields.has(field))
    }
    this.#section = section
    this.#retryingStore = retryingStore
    this.#options = options
    this.#migration = migration
    this.#batching = { maxBatch, combine, matches }
    this.#backfill = from === 'now' ? undefined : from === 'snapshot' ? 'snapshot' : 'log'
    if (typeof from !== 'object') return
    // an earlier stream has shown all of that
    this.#highestDelivered = from.sequence
    if (options.key !== undefined) this.#existingKeys.add(options.key)
  }

  /**
   * Batches until `signal` aborts, the caller stops, or the instance closes (`SYNC_CLOSED`). It ends at once when told to,
   * also while the store is being asked.
   */
  iterator(): AsyncIterator<readonly ChangeEvent[], void> {
    return cancellable(this.#batches(), {
      signal: this.#options.signal,
      map: (batch) => batch.map((change) => this.#migration.change(change)),
      onCancel: () => {
        this.#stopped = true
        this.#detach()
        this.#wake()
      },
    })
  }

  async *#batches(): AsyncGenerator<readonly ChangeEvent[], void, void> {
    const { key, until } = this.#options
    const unsubscribe = this.#section.onClose(() => this.#wake())
    try {
      if (this.#section.closed) throw new ClosedError('the instance is closed')
      await this.#section.ensureSubscribed()
      this.#attach()
      if (key !== undefined) await this.#section.acquire(key)
      // all that the store holds now is told before there is nothing left to tell
      if (until === 'now') await this.#section.catchUp()
      while (!this.#stopped) {
        if (this.#section.closed) throw new ClosedError('the instance is closed')
        yield* this.#next()
      }
    } finally {
      unsubscribe()
      this.#detach()
    }
  }

  async *#next(): AsyncGenerator<readonly ChangeEvent[], void, void> {
    if (this.#backfill === 'log') yield* this.#replayLog(this.#options.from as LogPosition)
    else if (this.#backfill) yield* this.#emitSnapshot(this.#backfill)
    else if (this.#keysToReset.size > 0) yield* this.#emitResets([...this.#keysToReset.keys()], 'overflow')
    else if (this.#liveEvents.length > 0) yield* this.#emitBatch(this.#liveEvents)
    else if (this.#options.until === 'now') this.#stopped = true
    else
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
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
    // the log may have told it of more than its replica has heard
    const rewind = (): void => this.#reset(seen(), 'epoch')
    this.#detach = reader.observers.add(key, Object.assign(watcher, { rewind }))
  }

  /** Goes on after `sequence`, and what lies before cannot be told change by change. */
  #reset(sequence: number, reason: ReloadReason): void {
    this.#liveEvents = []
    this.#deliveredUpTo = { epoch: this.#section.epochs.epoch, sequence }
    this.#highestDelivered = sequence
    this.#resetsUpTo = 0
    this.#replayedUpTo = NO_POSITION
    this.#backfill = reason
    this.#wake()
  }

  #onEvent(event: ReplicaEvent): void {
    const { key, kind, sequence } = event
    if (!this.#matchesPrefix(key) || this.#wasReplayed(kind, sequence)) return
    this.#highestDelivered = Math.max(this.#highestDelivered, sequence)
    // the jump of a watched document may lead back: what was shown beyond it is lost, and need not be told any more
    if (kind === 'reset' && this.#options.key !== undefined)
      this.#liveEvents = this.#liveEvents.filter((each) => each.sequence <= sequence)
    if (this.#keysToReset.has(key)) this.#keysToReset.set(key, positionOf(event))
    else
      this.#liveEvents.push(
        kind === 'change' || this.#options.key !== undefined ? event : this.#atStreamPosition(event),
      )
    if (this.#liveEvents.length > MAX_BUFFERED) {
      for (const each of this.#liveEvents) this.#keysToReset.set(each.key, positionOf(each))
      this.#liveEvents = []
    }
    this.#wake()
  }

  /** Has the log told it, or what came after it? An answer of before may come late: it leads nowhere back while history goes on. */
  #wasReplayed(kind: ReplicaEvent['kind'], sequence: number): boolean {
    if (kind === 'change') return sequence <= this.#validUpTo(this.#replayedUpTo)
    const last = this.#lastReplayedChange
    return sequence < last.sequence && !this.#isLost(last)
  }

  /** Is this a place that the history that we are in does not have? */
  #isLost(position: LogPosition): boolean {
    return this.#validUpTo(position) < position.sequence
  }

  /** What has no place in the section's sequence stands where the stream is; older changes of its document are no news. */
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

  /** How far a place reaches in the history that we are in. */
  #validUpTo(position: LogPosition | undefined): number {
    return position ? this.#section.epochs.validUpTo(position) : 0
  }

  #matchesPrefix(key: string): boolean {
    const { prefix } = this.#options
    return prefix === undefined || key.startsWith(prefix)
  }

  *#emitBatch(pending: ReplicaEvent[]): Generator<readonly ChangeEvent[], void, void> {
    const { events, unresolved, upTo } = nextBatch(pending, this.#batching, (event) => this.#isNew(event))
    for (const [key, sequence] of unresolved)
      this.#keysToReset.set(key, { epoch: this.#section.epochs.epoch, sequence })
    for (const each of events) this.#trackExistence(each)
    this.#markDelivered({ epoch: this.#section.epochs.epoch, sequence: upTo })
    const safeEvents = this.#resetsUpTo > 0 ? this.#withSafePositions(events, unresolved.size === 0) : events
    if (safeEvents.length > 0) yield safeEvents
  }

  /** With positions that are safe to save; `all`: with the last one all is done. */
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

  /** Was it not told by the document's value already? */
  #isNew(event: ReplicaEvent): boolean {
    const { key } = event
    if (event.kind === 'change') {
      const delivered = this.#deliveredByKey.get(key)
      if (delivered && this.#isIncludedIn(delivered, event)) return false
      if (isCreation(event.change)) this.#existingKeys.add(key)
      return !this.#snapshotDelivered || this.#existingKeys.has(key)
    }
    // a snapshot has told of its document what came later
    const asOf = this.#observedAt.get(event)
    const delivered = this.#deliveredByKey.get(key)
    if (asOf !== undefined && asOf < this.#validUpTo(delivered)) return false
    // of one expiry a load may tell, and then the log that is read after it
    if (asOf !== undefined && delivered && !event.value) {
      if (this.#deliveredRemovals.has(delivered)) return false
      this.#deliveredRemovals.add(delivered)
    }
    // the jump of a watched document may lead back
    if (this.#options.key !== undefined) {
      this.#deliveredByKey.delete(key)
      this.#replayedUpTo = NO_POSITION
      this.#resetsUpTo = 0
    }
    return true
  }

  /** Is a change part of a value that was told, or does it not follow on it? */
  #isIncludedIn(delivered: LogPosition, event: ReplicaEvent): boolean {
    // also in a history that is lost the one follows on the other
    if (delivered.epoch === event.epoch) return event.sequence <= delivered.sequence
    // a value of the history that we are in: what was lost does not follow it
    const lost = this.#isLost(event) && delivered.epoch === this.#section.epochs.epoch
    return lost || event.sequence <= this.#validUpTo(delivered)
  }

  #trackExistence({ key, kind }: Pick<ChangeEvent, 'key' | 'kind'>): void {
    if (kind === 'removed') this.#existingKeys.delete(key)
    else this.#existingKeys.add(key)
  }

  // ---- what lies before ------------------------------------------------------------------------------------------

  /** From a saved position up to what is live. */
  async *#replayLog(from: LogPosition): AsyncGenerator<readonly ChangeEvent[], void, void> {
    const { key } = this.#options
    const { ref, epochs } = this.#section
    const scope = key === undefined ? ref : { ...ref, key }
    const liveFrom = this.#validUpTo(this.#deliveredUpTo)
    const latest = new Map<string, number>()
    for (let after = from; ; ) {
      const { switches } = epochs
      const page = await this.#retryingStore.read((store) => store.changesSince(scope, after, PAGE_SIZE))
      if (!this.#section.acceptAnswer(page.state, switches)) continue
      // a jump meanwhile has put another beginning in place of this one
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
      // what its copy shows next has to follow on what is told
      if (key !== undefined)
        for (const [at, change] of decoded.entries()) this.#section.acceptLogged(change, changes[at]?.text.length ?? 0)
      const past = decoded.map((change) => replicaChange(change, false))
      while (past.length > 0) {
        yield* this.#emitBatch(past)
        // while it was taken, a jump may have put another beginning in place of this one
        if (this.#backfill !== 'log') return
      }
      after = { epoch, sequence: page.upTo }
      this.#replayedUpTo = { epoch, sequence: Math.max(page.upTo, from.sequence) }
      this.#markDelivered(this.#replayedUpTo)
      if (page.upTo >= liveFrom || page.upTo >= sequence) break
    }
    this.#backfill = undefined
    // from a jump on everything counts; else what the log had is not told again when it comes live
    const isReset = ({ kind, sequence }: ReplicaEvent): boolean =>
      kind === 'reset' && !this.#wasReplayed(kind, sequence)
    const resetIndex = key === undefined ? -1 : this.#liveEvents.findLastIndex(isReset)
    this.#liveEvents =
      resetIndex >= 0
        ? this.#liveEvents.slice(resetIndex)
        : this.#liveEvents.flatMap((event) => this.#notReplayed(event, latest))
    this.#resetExpired(latest)
  }

  /** What the log has not told, where the stream is now. `latest`: the last change of each document that it told. */
  #notReplayed(event: ReplicaEvent, latest: ReadonlyMap<string, number>): readonly ReplicaEvent[] {
    const logged = this.#validUpTo(this.#replayedUpTo)
    if (event.kind === 'change') return event.sequence > logged && !this.#isLost(event) ? [event] : []
    const asOf = this.#observedAt.get(event) ?? 0
    return asOf > (latest.get(event.key) ?? 0)
      ? [this.#repositioned(event, Math.max(event.sequence, logged), asOf)]
      : []
  }

  /** The log has told of documents, up to these sequences, that are known here to be gone: of an expiry no log tells. */
  #resetExpired(latest: ReadonlyMap<string, number>): void {
    const { reader, epochs } = this.#section
    for (const [key, sequence] of latest) {
      const replica = this.#existingKeys.has(key) ? reader.peek(key) : undefined
      if (replica?.settled && !replica.exists && replica.sequence >= sequence)
        this.#keysToReset.set(key, { epoch: epochs.epoch, sequence })
    }
  }

  /** Every document there is, as a reset. */
  async *#emitSnapshot(reason: ReloadReason): AsyncGenerator<readonly ChangeEvent[], void, void> {
    const { key } = this.#options
    this.#backfill = undefined
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

  /** The keys of all documents there are: what is not among them is shown to be absent. */
  async #listKeys(): Promise<readonly string[]> {
    const { reader, epochs } = this.#section
    for (;;) {
      const { switches } = epochs
      const keys = await reader.listKeys(this.#options.prefix)
      const upTo = await reader.confirmEpoch(switches)
      if (upTo === undefined) continue
      this.#highestDelivered = Math.max(this.#highestDelivered, upTo)
      return keys
    }
  }

  /** The present values of these documents; only the last one carries a position that stands for all. */
  async *#emitResets(keys: readonly string[], reason: ResetReason): AsyncGenerator<readonly ChangeEvent[], void, void> {
    const { maxBatch, key: only } = this.#options
    const { epochs } = this.#section
    const streamPosition = { epoch: epochs.epoch, sequence: this.#validUpTo(this.#deliveredUpTo) }
    let batch: ChangeEvent[] = []
    for (let at = 0; at < keys.length && !this.#backfill; ) {
      const keyBatch = keys.slice(at, at + LOAD_BATCH_SIZE)
      const { switches } = epochs
      const states = await Promise.all(keyBatch.map((key) => this.#readState(key, streamPosition.sequence)))
      // nothing of a history that was left meanwhile is told: no jump would take it back
      if (epochs.switches !== switches) continue
      for (const [index, { value, version, changedAt, epoch, sequence }] of states.entries()) {
        const key = keyBatch[index] as string
        // a change that came meanwhile makes it necessary once more
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
        // all that was shown of the watched document by now is part of that
        if (only !== undefined && (value || wasKnown)) this.#liveEvents = []
        this.#trackExistence({ key, kind: value ? 'reset' : 'removed' })
        this.#deliveredByKey.set(key, { epoch, sequence })
        this.#highestDelivered = Math.max(this.#highestDelivered, sequence)
        if (batch.length < maxBatch) continue
        yield batch
        batch = []
      }
      at += keyBatch.length
    }
    // what was noted as told has to be told, though a new beginning may wait
    if (batch.length > 0) yield batch
  }

  /** The watched document is told as its replica has it: only so does what that shows next follow on what was told. */
  #readState(key: string, sequence: number): Promise<Replica> {
    const section = this.#section
    return this.#options.key === undefined
      ? section.readTransient(key, sequence)
      : section.acquireSettledAsOf(key, sequence)
  }
}
