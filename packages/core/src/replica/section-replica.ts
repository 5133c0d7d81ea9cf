import type { Scope, SectionRef } from '../model/address.ts'
import type { Change } from '../model/change.ts'
import type { LogPosition } from '../model/position.ts'
import { decodeChange } from '../transport/decode.ts'
import type { Head } from '../transport/store.ts'
import type { EncodedChange } from '../transport/wire.ts'
import type { SectionState } from '../versioning/section-state.ts'
import { SequenceTracker } from '../versioning/sequence-tracker.ts'
import { ChangeRouter } from './change-router.ts'
import { DefinitionCheck } from './definition-check.ts'
import { EpochTracker } from './epoch-tracker.ts'
import { FullSync } from './full-sync.ts'
import { GapRepair } from './gap-repair.ts'
import type { HeadPoll, PollTarget } from './head-poller.ts'
import { ReorderBuffer } from './reorder-buffer.ts'
import type { Replica } from './replica.ts'
import { ReplicaReader } from './replica-reader.ts'
import { ReplicaTable } from './replica-table.ts'
import type { SectionDeps, SectionOptions } from './section-deps.ts'
import { Subscriptions } from './subscriptions.ts'

/**
 * Delay of an extra heartbeat check after a subscription, in ms, on buses whose subscriptions take effect
 * asynchronously.
 */
const RECHECK_DELAY_MS = 100

/**
 * One section as an instance replicates it.
 *
 * Changes arrive through `receive` (bus) and `acceptOwnCommit` (own commits). They go to the documents' replicas and,
 * in sequence order, to `reorderBuffer`. A lost change shows as a gap in the sequence or in the heartbeat check.
 */
export class SectionReplica implements PollTarget {
  readonly options: SectionOptions
  readonly epochs: EpochTracker = new EpochTracker()
  readonly reader: ReplicaReader
  /** Changes in sequence order, for watchers of more than one document. */
  readonly reorderBuffer: ReorderBuffer = new ReorderBuffer()
  readonly #deps: SectionDeps
  readonly #sequences = new SequenceTracker()
  readonly #replicas: ReplicaTable
  readonly #gapRepair: GapRepair
  readonly #fullSync: FullSync
  readonly #router: ChangeRouter
  readonly #subscriptions: Subscriptions
  readonly #definitionCheck: DefinitionCheck
  readonly #closeListeners = new Set<() => void>()
  #subscribing: Promise<void> | undefined
  #ready: Promise<void> | undefined
  /**
   * True if the next heartbeat check is expected to find a missed change, so that it does not wait for messages in
   * transit.
   */
  #urgent = false
  #recheckScheduled = false
  #verifiedAt = Number.NEGATIVE_INFINITY
  /** Number of calls that rely on the section's state. */
  #activeCalls = 0
  #lastUsed: number
  /** Number of times that the section was released. An answer to an earlier request no longer counts. */
  #releases = 0
  #closed = false

  constructor(options: SectionOptions, deps: SectionDeps) {
    this.options = options
    this.#deps = deps
    this.#lastUsed = deps.runtime.elapsed()
    this.#definitionCheck = new DefinitionCheck(options, (theirs) => {
      const { subscribeBy, digest } = options
      deps.emit({ ...options.ref, type: 'definition-mismatch', ours: { subscribeBy, digest }, theirs })
    })
    this.#subscriptions = new Subscriptions({
      ...deps,
      onFrame: (frame) => this.receive(frame),
      onLateSubscription: () => this.onBusResumed(),
      background: (work) => this.#background(work),
    })
    const [epochs, sequences, reorderBuffer] = [this.epochs, this.#sequences, this.reorderBuffer] as const
    const acceptAnswer = (state: SectionState, asOf: number): boolean => this.acceptAnswer(state, asOf)
    const replicas = new ReplicaTable(options, deps, epochs, sequences, {
      acceptAnswer,
      onGap: () => this.#gapRepair.schedule(),
      // with `subscribeBy: 'document'`, changes arrive for some documents only, so a sequence order would never be
      // complete
      isObserved: (sequence) => options.subscribeBy === 'section' && reorderBuffer.isObserved(sequence),
      onApplied: (event) => {
        if (options.subscribeBy === 'section') reorderBuffer.put(event.sequence, () => event)
      },
      onUnsequenced: (event) => reorderBuffer.emit(event),
      subscribe: (key) => this.#subscribe({ ...options.ref, key }),
      unsubscribe: (key) => this.#background(this.#subscriptions.remove({ ...options.ref, key })),
    })
    this.#replicas = replicas
    this.reader = new ReplicaReader(options, deps, { epochs, replicas }, acceptAnswer)
    this.#fullSync = new FullSync(options, { reader: this.reader, replicas })
    this.#gapRepair = new GapRepair(
      options,
      deps,
      { epochs, sequences, replicas, reorderBuffer },
      {
        acceptAnswer,
        applyLogged: (change, size) => this.#router.route(change, size),
        markVerified: (askedAt) => this.#markVerified(askedAt),
        fullSync: () => this.#fullSync.run(),
      },
    )
    this.#router = new ChangeRouter(options, deps, {
      epochs,
      sequences,
      replicas,
      reorderBuffer,
      gapRepair: this.#gapRepair,
      onSuspectedLoss: () => this.catchUpInBackground(),
    })
  }

  /** True if the section was used: it is subscribed or subscribing. */
  get inUse(): boolean {
    return this.#subscribing !== undefined
  }

  get closed(): boolean {
    return this.#closed
  }

  get ref(): SectionRef {
    return this.options.ref
  }

  /** Position up to which every change was received. */
  get position(): LogPosition {
    return { epoch: this.epochs.epoch, sequence: this.#sequences.contiguous }
  }

  /** Progress of the section once it is started; `undefined` with `subscribeBy: 'document'`. */
  get progress(): (SectionRef & LogPosition & { readonly behind: number }) | undefined {
    if (!this.#router.isStarted || this.options.subscribeBy === 'document') return undefined
    const { highest, contiguous } = this.#sequences
    return { ...this.ref, ...this.position, behind: highest - contiguous }
  }

  get bufferedCount(): number {
    return this.#router.bufferedCount + this.#replicas.bufferedCount
  }

  get watcherCount(): number {
    return this.reorderBuffer.size + this.#replicas.observers.size
  }

  /** True if the section would receive a change now. */
  get isReceiving(): boolean {
    return this.#subscriptions.isComplete && this.#deps.isBusConnected()
  }

  /** Whether no change is known to be missing, and when that was last certain, in elapsed ms. */
  health(): { readonly settled: boolean; readonly verifiedAt: number } {
    const complete = this.options.replicate === 'on-demand' || this.#replicas.complete
    const settled =
      this.#router.isStarted &&
      complete &&
      !this.#gapRepair.isPending &&
      this.#sequences.outOfOrder === 0 &&
      !this.#replicas.isReloading
    return { settled, verifiedAt: this.#verifiedAt }
  }

  // ---- subscribing -----------------------------------------------------------------------------------------------

  /** Resolves when the section is subscribed and, with `replicate: 'all'`, completely cached. */
  ready(): Promise<void> {
    this.#ready ??= this.ensureSubscribed()
      .then(() => this.#fullSync.run())
      .catch((error: unknown) => {
        this.#ready = undefined
        throw error
      })
    return this.#ready
  }

  /** Resolves when the section receives every change from now on. */
  ensureSubscribed(): Promise<void> {
    this.markUsed()
    if (!this.#subscribing) this.#deps.onStart()
    this.#subscribing ??= this.#subscribeAndStart().catch((error: unknown) => {
      this.#subscribing = undefined
      throw error
    })
    return this.#subscribing
  }

  // ---- idle sections ---------------------------------------------------------------------------------------------

  /** Postpones the release of an idle section. */
  markUsed(): void {
    this.#lastUsed = this.#deps.runtime.elapsed()
  }

  /** Runs a call that relies on the section's state. The section is not released in the meantime. */
  async use<R>(work: () => Promise<R>): Promise<R> {
    this.#activeCalls++
    try {
      return await work()
    } finally {
      this.#activeCalls--
      this.markUsed()
    }
  }

  /**
   * Releases a section that was not used for `cache.maxIdle`: ends its subscription and its heartbeat checks, and drops
   * its state. The next use starts it again. Returns false if the section is in use or must stay cached.
   */
  releaseIfIdle(): boolean {
    const { runtime } = this.#deps
    const isUnused = runtime.elapsed() - this.#lastUsed >= this.options.cache.maxIdle
    if (!isUnused || !this.#isIdle()) return false
    if (!this.inUse) return true
    this.#releases++
    this.#subscribing = undefined
    this.#ready = undefined
    this.#urgent = false
    this.#verifiedAt = Number.NEGATIVE_INFINITY
    this.#router.stop()
    this.#replicas.clear()
    this.reorderBuffer.clearPending()
    this.#background(this.#subscriptions.removeAll())
    return true
  }

  /** True if no call, stream, watcher, cached document or repair needs the section. Streams listen for its closing. */
  #isIdle(): boolean {
    if (this.options.replicate === 'all' || this.#activeCalls > 0) return false
    if (this.#closeListeners.size > 0 || this.watcherCount > 0) return false
    if (!this.inUse) return true
    const isSettled = this.#router.isStarted && !this.#gapRepair.isPending && this.#sequences.outOfOrder === 0
    return isSettled && this.#subscriptions.isComplete && this.#replicas.isIdle
  }

  // ---- starting --------------------------------------------------------------------------------------------------

  /** Subscribes first and then reads the section's head, so that no change falls in between. Loads follow. */
  async #subscribeAndStart(): Promise<void> {
    if (this.options.subscribeBy === 'section') await this.#subscribe(this.ref)
    await this.catchUp()
  }

  async #subscribe(scope: Scope): Promise<void> {
    if (await this.#subscriptions.add(scope)) this.#scheduleRecheck()
  }

  /** Schedules a heartbeat check for changes that were missed while a subscription took effect. */
  #scheduleRecheck(): void {
    const { bus, runtime } = this.#deps
    if (bus.capabilities.live === 'at-once' || this.#recheckScheduled) return
    this.#recheckScheduled = true
    const recheckNow = (): void => {
      this.#recheckScheduled = false
      this.catchUpInBackground()
    }
    runtime.schedule(recheckNow, RECHECK_DELAY_MS, 'upkeep')
  }

  #startAt(state: SectionState, askedAt: number): void {
    this.epochs.switchTo(state)
    this.#definitionCheck.compare(state)
    this.#sequences.resetTo(state.sequence)
    this.reorderBuffer.startAt(state.sequence)
    this.#markVerified(askedAt)
    this.#router.start()
    // a document may be watched since an earlier attempt to subscribe that failed
    for (const key of this.reader.observers.keys()) this.#background(this.reader.acquire(key))
  }

  // ---- reading ---------------------------------------------------------------------------------------------------

  /** Returns the document's replica once its state is known. */
  async acquire(key: string): Promise<Replica> {
    if (!this.#router.isStarted) await this.ensureSubscribed()
    return this.reader.acquire(key)
  }

  /** Returns the document as of `position` or later. */
  async acquireAsOf(key: string, position: LogPosition): Promise<Replica> {
    const replica = await this.acquire(key)
    if (!this.epochs.includes(position)) return this.reader.refresh(key)
    return this.validAsOf(replica) >= position.sequence ? replica : this.refresh(key)
  }

  /**
   * Returns the document as the store has it now. Its watchers receive each change on the way, if the log contains
   * them.
   */
  async refresh(key: string): Promise<Replica> {
    const isWatched = this.options.subscribeBy === 'section' && this.reader.observers.has(key)
    if (!isWatched) return this.reader.refresh(key)
    await this.catchUp()
    return this.reader.acquireSettled(key)
  }

  /** Returns the settled replica as of `sequence` or later. */
  async acquireSettledAsOf(key: string, sequence: number): Promise<Replica> {
    const replica = await this.reader.acquireSettled(key)
    return this.validAsOf(replica) >= sequence ? replica : this.refresh(key)
  }

  /** Returns the document as of `sequence` or later, without caching it. */
  readTransient(key: string, sequence: number): Promise<Replica> {
    return this.reader.readTransient(key, (cached) => this.validAsOf(cached) >= sequence)
  }

  /** Returns the sequence as of which the replica is known to be current. */
  validAsOf(replica: Replica): number {
    const isCovered = this.options.subscribeBy === 'section' && replica.settled
    return isCovered ? Math.max(replica.sequence, this.#sequences.contiguous) : replica.sequence
  }

  /** Evicts a document, or reloads it if it must stay cached. */
  async evict(key: string): Promise<void> {
    if (!this.inUse) return
    await this.ensureSubscribed()
    await this.reader.evict(key)
  }

  // ---- epochs ----------------------------------------------------------------------------------------------------

  /**
   * Records the section state of an answer and adopts its epoch if necessary. Returns false if the answer belongs to an
   * earlier epoch and the request must be repeated. `asOf`: `epochs.switches` at the time of the request.
   */
  acceptAnswer(state: SectionState, asOf: number): boolean {
    if (state.epoch !== this.epochs.epoch) {
      if (asOf !== this.epochs.switches) return false
      this.#switchEpoch(state)
    }
    this.#sequences.observe(state.sequence)
    this.epochs.recordOpResults(state)
    this.#definitionCheck.compare(state)
    return true
  }

  /** Continues in the store's current history. */
  #switchEpoch(state: SectionState): void {
    const from = this.epochs.epoch
    const fork = this.epochs.switchTo(state)
    const isShared = (sequence: number): boolean => fork !== undefined && sequence <= fork
    const lost = !isShared(this.#sequences.highest)
    this.#deps.emit({
      ...this.ref,
      type: 'epoch',
      from,
      to: state.epoch,
      lost,
      ...(fork !== undefined && { fork }),
    })
    if (fork === undefined) this.#sequences.resetTo(state.sequence)
    else this.#sequences.truncateTo(fork)
    this.#router.onEpochSwitch()
    this.reorderBuffer.switchEpoch(this.#sequences.contiguous, fork)
    this.#replicas.switchEpoch(from, isShared)
    // a deletion may be among the lost commits, so an evicted absence may exist again
    if (lost) this.#background(this.#fullSync.run())
    if (this.options.subscribeBy === 'document') this.catchUpInBackground()
    else if (state.sequence > this.#sequences.contiguous) this.#background(this.#gapRepair.repairFromLog())
  }

  // ---- changes ---------------------------------------------------------------------------------------------------

  /** Receives a frame from the bus. */
  receive(frame: string | Uint8Array): void {
    if (!this.#closed && this.inUse) this.#router.receiveFrame(frame)
  }

  /** Applies an own commit like any other change, unless the bus delivered it first. */
  acceptOwnCommit(encoded: EncodedChange): void {
    if (!this.#isAlreadyApplied(encoded)) this.#router.accept(decodeChange(encoded), encoded.text.length)
  }

  /** Applies a change of the current history, read from the log. `size`: characters of its text. */
  acceptLogged(change: Change, size: number): void {
    this.#router.route(change, size)
  }

  /** Returns the changes of a document that arrived recently, in order. */
  recentChanges(key: string): Change[] {
    return this.#router.recentChanges(key)
  }

  /** True if the current history contains this position, and the replica, if any, has applied it. */
  hasApplied(key: string, position: LogPosition): boolean {
    return this.epochs.includes(position) && this.#replicas.hasApplied(key, position.sequence)
  }

  /** True if the change was received and applied before. */
  #isAlreadyApplied({ key, epoch, sequence }: EncodedChange): boolean {
    const wasSeen = this.options.subscribeBy === 'document' || sequence <= this.#sequences.contiguous
    return wasSeen && this.hasApplied(key, { epoch, sequence })
  }

  /**
   * Resolves when one of these holds:
   * - The replica of `key` has applied `position`, or there is no replica.
   * - The replica's load failed.
   * - Another epoch was adopted.
   */
  async untilApplied(key: string, position: LogPosition): Promise<void> {
    const replica = this.#replicas.find(key)
    const { switches } = this.epochs
    const isOver = (): boolean => replica?.loadFailure !== undefined || this.epochs.switches !== switches
    if (!replica) return
    await this.#replicas.waitUntil(replica, () => this.hasApplied(key, position) || isOver())
    // the write is acknowledged, so that a read must not return an older state
    if (!this.hasApplied(key, position) && this.epochs.switches === switches)
      replica.requiredSequence = position.sequence
  }

  // ---- heartbeat check -------------------------------------------------------------------------------------------

  /** Runs the heartbeat check now. Resolves when everything that it found is repaired. */
  catchUp(): Promise<void> {
    this.#urgent = true
    return this.#deps.headPoller.poll(this)
  }

  /** Runs the heartbeat check without a caller that awaits it. A section that is not started checks when it starts. */
  catchUpInBackground(): void {
    if (this.#router.isStarted) this.#background(this.catchUp())
  }

  /** Runs the periodic heartbeat check. It first waits for messages in transit. */
  periodicCatchUp(): void {
    if (this.#router.isStarted) this.#background(this.#deps.headPoller.poll(this))
  }

  /** Checks for changes that were missed while the bus was unavailable. */
  onBusResumed(): void {
    this.catchUpInBackground()
    this.#scheduleRecheck()
  }

  createHeadPoll(): HeadPoll {
    const urgent = this.#urgent
    this.#urgent = false
    const releases = this.#releases
    const { switches, epoch } = this.epochs
    const askedAt = this.#deps.runtime.elapsed()
    const highestSeen = { epoch, sequence: this.#sequences.highest }
    const cached = this.options.subscribeBy === 'document' ? this.#replicas.known() : []
    return {
      queries: [
        { scope: this.ref, ...(this.#router.isStarted && { highestSeen }) },
        ...cached.map(({ key }) => ({ scope: { ...this.ref, key } })),
      ],
      onHeads: async ([head, ...documents]) => {
        const { state } = head as Head
        if (this.#closed || this.#releases !== releases) return
        if (!this.#router.isStarted) this.#startAt(state, askedAt)
        else if (!this.acceptAnswer(state, switches)) await this.catchUp()
        else {
          const { switches: switchesNow } = this.epochs
          const hasStale = cached.some((replica, at) => this.#replicas.isBehind(replica, documents[at] as Head))
          const isBehind = this.options.subscribeBy === 'document' ? hasStale : this.#isBehind(state)
          if (isBehind && !urgent) await this.#waitReorderWindow()
          for (const [at, each] of documents.entries())
            this.#replicas.compareWithHead(cached[at] as Replica, each, switches)
          this.#replicas.retryFailed()
          if (this.options.subscribeBy === 'section') await this.#catchUpTo(state)
          await this.#replicas.whenReloaded()
          // in another epoch, the answers prove nothing
          if (this.epochs.switches !== switchesNow) return this.catchUp()
          // an earlier full sync could not list the documents
          if (!this.#replicas.complete && !this.#fullSync.isRunning) this.#background(this.#fullSync.run())
          this.#replicas.evictAbsent()
          this.#markVerified(askedAt)
        }
      },
    }
  }

  async #catchUpTo(state: SectionState): Promise<void> {
    if (this.#isBehind(state)) await this.#gapRepair.repairFromLog()
    // a repair that was already in progress may have read the log before this check
    if (this.#isBehind(state)) await this.#gapRepair.repairFromLog()
  }

  #isBehind({ epoch, sequence }: SectionState): boolean {
    return epoch === this.epochs.epoch && sequence > this.#sequences.contiguous
  }

  /** Waits one reorder window, because a message in transit needs no repair. */
  #waitReorderWindow(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#deps.runtime.schedule(resolve, this.options.reorderWindow)
    return promise
  }

  #markVerified(askedAt: number): void {
    // a replica whose load failed may be older
    if (!this.#replicas.hasFailures) this.#verifiedAt = Math.max(this.#verifiedAt, askedAt)
  }

  // ---- closing ---------------------------------------------------------------------------------------------------

  #background(work: Promise<unknown>): void {
    this.#deps.background(this.ref, work)
  }

  /** Calls `listener` when the section is closed. Returns an unsubscribe function. */
  onClose(listener: () => void): () => void {
    this.#closeListeners.add(listener)
    return () => this.#closeListeners.delete(listener)
  }

  /** Closes the section. Pending calls reject with `SYNC_CLOSED`. */
  async close(): Promise<void> {
    this.#closed = true
    this.#gapRepair.close()
    this.#replicas.close()
    for (const listener of this.#closeListeners) listener()
    await this.#subscriptions.close()
  }
}
