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

/** Where interest spreads asynchronously, one more look after this many ms finds what slipped by. */
const RECHECK_DELAY_MS = 100

/**
 * One section as an instance follows it.
 *
 * Changes come in by `receive` (the bus) and `acceptOwn` (own commits), go to the replicas of their documents, and in the
 * order of the section's sequence to `ordered`. What the bus lost shows as a hole in the sequence, or in the silence check.
 */
export class SectionReplica implements PollTarget {
  readonly options: SectionOptions
  readonly epochs: EpochTracker = new EpochTracker()
  readonly reader: ReplicaReader
  /** Changes in sequence order, for those who watch more than one document. */
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
  /** Something speaks for it that the check about to be made finds what was missed. */
  #urgent = false
  #recheckScheduled = false
  #verifiedAt = Number.NEGATIVE_INFINITY
  #closed = false

  constructor(options: SectionOptions, deps: SectionDeps) {
    this.options = options
    this.#deps = deps
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
      // where documents are followed by key nothing has an order among them: it would wait for good
      isObserved: (sequence) => options.subscribeBy === 'section' && reorderBuffer.isObserved(sequence),
      onApplied: (observation) => {
        if (options.subscribeBy === 'section') reorderBuffer.put(observation.sequence, () => observation)
      },
      onUnsequenced: (observation) => reorderBuffer.emit(observation),
      subscribe: (key) => this.#subscribe({ ...options.ref, key }),
      unsubscribe: (key) => this.#background(this.#subscriptions.remove({ ...options.ref, key })),
    })
    this.#replicas = replicas
    this.reader = new ReplicaReader(options, deps, { epochs, replicas }, acceptAnswer)
    this.#fullSync = new FullSync(options, deps, { epochs, reader: this.reader, replicas })
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

  /** Does anybody use it? */
  get inUse(): boolean {
    return this.#subscribing !== undefined
  }

  get closed(): boolean {
    return this.#closed
  }

  get ref(): SectionRef {
    return this.options.ref
  }

  /** This far everything has been seen. */
  get position(): LogPosition {
    return { epoch: this.epochs.epoch, sequence: this.#sequences.contiguous }
  }

  /** How far it is, once it has joined; not of one that is followed by key. */
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

  /** Would a change be heard now? */
  get isReceiving(): boolean {
    return this.#subscriptions.isComplete && this.#deps.isBusConnected()
  }

  /** Is nothing known to be missing; and when was that certain, by this instance's `elapsed`? */
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

  // ---- joining ---------------------------------------------------------------------------------------------------

  /** Resolves when the section is followed, and all of it held where it should be. */
  ready(): Promise<void> {
    this.#ready ??= this.ensureSubscribed()
      .then(() => this.#fullSync.run())
      .catch((error: unknown) => {
        this.#ready = undefined
        throw error
      })
    return this.#ready
  }

  /** Resolves when every change from now on is heard. */
  ensureSubscribed(): Promise<void> {
    this.#subscribing ??= this.#join().catch((error: unknown) => {
      this.#subscribing = undefined
      throw error
    })
    return this.#subscribing
  }

  /** Subscribe first, then learn where the section stands. Loads come after. */
  async #join(): Promise<void> {
    if (this.options.subscribeBy === 'section') await this.#subscribe(this.ref)
    await this.catchUp()
  }

  async #subscribe(scope: Scope): Promise<void> {
    if (await this.#subscriptions.add(scope)) this.#scheduleRecheck()
  }

  /** Where interest spreads asynchronously, what slipped by is found soon. */
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
    // what is watched may be so since an earlier attempt to follow, which failed
    for (const key of this.reader.observers.keys()) this.#background(this.reader.acquire(key))
  }

  // ---- reading ---------------------------------------------------------------------------------------------------

  /** The document's replica, once something is known of it. */
  async acquire(key: string): Promise<Replica> {
    if (!this.#router.isStarted) await this.ensureSubscribed()
    return this.reader.acquire(key)
  }

  /** The document as of `place` or later. */
  async acquireAsOf(key: string, position: LogPosition): Promise<Replica> {
    const replica = await this.acquire(key)
    if (!this.epochs.includes(position)) return this.reader.refresh(key)
    return this.validAsOf(replica) >= position.sequence ? replica : this.refresh(key)
  }

  /** The document as the store has it now. Whoever watches it is told of each change on the way, where the log has them. */
  async refresh(key: string): Promise<Replica> {
    const isWatched = this.options.subscribeBy === 'section' && this.reader.observers.has(key)
    if (!isWatched) return this.reader.refresh(key)
    await this.catchUp()
    return this.reader.acquireSettled(key)
  }

  /** The document as its replica has it with nothing under way, as of that sequence or later. */
  async acquireSettledAsOf(key: string, sequence: number): Promise<Replica> {
    const replica = await this.reader.acquireSettled(key)
    return this.validAsOf(replica) >= sequence ? replica : this.refresh(key)
  }

  /** The document as of that sequence or later, without holding it from now on. */
  readTransient(key: string, sequence: number): Promise<Replica> {
    return this.reader.readTransient(key, (held) => this.validAsOf(held) >= sequence)
  }

  /** The sequence as of which the document is known to be as it is held. */
  validAsOf(replica: Replica): number {
    const isCovered = this.options.subscribeBy === 'section' && replica.settled
    return isCovered ? Math.max(replica.sequence, this.#sequences.contiguous) : replica.sequence
  }

  /** Lets go of what is held of a document, or loads it anew where it has to stay. */
  async evict(key: string): Promise<void> {
    if (!this.inUse) return
    await this.ensureSubscribed()
    await this.reader.evict(key)
  }

  // ---- epochs ----------------------------------------------------------------------------------------------------

  /**
   * Takes note of where an answer stands, and adopts its epoch if that is due. True: it speaks of the epoch we are in.
   * False: it was asked before that epoch was adopted; what it says has to be asked again.
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

  /** Goes on in the history that the store has now. */
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
    // what was forgotten as deleted may be there again
    if (lost) this.#background(this.#fullSync.run())
    if (this.options.subscribeBy === 'document') this.catchUpInBackground()
    else if (state.sequence > this.#sequences.contiguous) this.#background(this.#gapRepair.repairFromLog())
  }

  // ---- changes ---------------------------------------------------------------------------------------------------

  /** Takes a frame from the bus. */
  receive(frame: string | Uint8Array): void {
    if (!this.#closed) this.#router.receiveFrame(frame)
  }

  /** An own commit: it goes the way of every change, unless the bus was faster. */
  acceptOwnCommit(encoded: EncodedChange): void {
    if (!this.#isAlreadyApplied(encoded)) this.#router.accept(decodeChange(encoded), encoded.text.length)
  }

  /** A change of our history, read from the log: it goes the way of every change. Its text has `size` characters. */
  acceptLogged(change: Change, size: number): void {
    this.#router.route(change, size)
  }

  /** The changes of a document that came here lately, in their order. */
  recentChanges(key: string): Change[] {
    return this.#router.recentChanges(key)
  }

  /** Does our history hold this commit, and the replica (if there is one) show it? */
  hasApplied(key: string, position: LogPosition): boolean {
    return this.epochs.includes(position) && this.#replicas.hasApplied(key, position.sequence)
  }

  /** Has it gone all its way already? */
  #isAlreadyApplied({ key, epoch, sequence }: EncodedChange): boolean {
    const wasSeen = this.options.subscribeBy === 'document' || sequence <= this.#sequences.contiguous
    return wasSeen && this.hasApplied(key, { epoch, sequence })
  }

  /**
   * Resolves when the replica of `key`, if there is one, shows what `place` has; when it cannot, because its load was refused;
   * or when another epoch was adopted.
   */
  async untilApplied(key: string, position: LogPosition): Promise<void> {
    const replica = this.#replicas.find(key)
    const { switches } = this.epochs
    const isOver = (): boolean => replica?.loadFailure !== undefined || this.epochs.switches !== switches
    if (replica) await this.#replicas.waitUntil(replica, () => this.hasApplied(key, position) || isOver())
  }

  // ---- the silence check -----------------------------------------------------------------------------------------

  /** Asks the store now whether anything was missed; resolves when it is mended. */
  catchUp(): Promise<void> {
    this.#urgent = true
    return this.#deps.headPoller.poll(this)
  }

  /** A check that nobody waits for. One that has not joined yet asks by itself. */
  catchUpInBackground(): void {
    if (this.#router.isStarted) this.#background(this.catchUp())
  }

  /** A check for no reason but that it is time: what is on its way then is waited for. */
  periodicCatchUp(): void {
    if (this.#router.isStarted) this.#background(this.#deps.headPoller.poll(this))
  }

  /** The bus is there again: what was missed is asked for. */
  onBusResumed(): void {
    this.catchUpInBackground()
    this.#scheduleRecheck()
  }

  createHeadPoll(): HeadPoll {
    const urgent = this.#urgent
    this.#urgent = false
    const { switches, epoch } = this.epochs
    const askedAt = this.#deps.runtime.elapsed()
    const highestSeen = { epoch, sequence: this.#sequences.highest }
    const held = this.options.subscribeBy === 'document' ? this.#replicas.known() : []
    return {
      queries: [
        { scope: this.ref, ...(this.#router.isStarted && { highestSeen }) },
        ...held.map(({ key }) => ({ scope: { ...this.ref, key } })),
      ],
      onHeads: async ([head, ...documents]) => {
        const { state } = head as Head
        if (this.#closed) return
        if (!this.#router.isStarted) this.#startAt(state, askedAt)
        else if (!this.acceptAnswer(state, switches)) await this.catchUp()
        else {
          const { switches: switchesNow } = this.epochs
          const hasStale = held.some((replica, at) => this.#replicas.isBehind(replica, documents[at] as Head))
          const isBehind = this.options.subscribeBy === 'document' ? hasStale : this.#isBehind(state)
          if (isBehind && !urgent) await this.#waitReorderWindow()
          for (const [at, each] of documents.entries())
            this.#replicas.compareWithHead(held[at] as Replica, each, switches)
          this.#replicas.retryFailed()
          if (this.options.subscribeBy === 'section') await this.#catchUpTo(state)
          await this.#replicas.whenReloaded()
          // in another history nothing is certain as of that question
          if (this.epochs.switches !== switchesNow) return this.catchUp()
          // what is to be held could not be listed
          if (!this.#replicas.complete && !this.#fullSync.isRunning) this.#background(this.#fullSync.run())
          this.#replicas.evictAbsent()
          this.#markVerified(askedAt)
        }
      },
    }
  }

  async #catchUpTo(state: SectionState): Promise<void> {
    if (this.#isBehind(state)) await this.#gapRepair.repairFromLog()
    // the one that was under way may have asked before we did
    if (this.#isBehind(state)) await this.#gapRepair.repairFromLog()
  }

  #isBehind({ epoch, sequence }: SectionState): boolean {
    return epoch === this.epochs.epoch && sequence > this.#sequences.contiguous
  }

  /** What is on its way comes by itself meanwhile: to ask the store for it would be no repair. */
  #waitReorderWindow(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#deps.runtime.schedule(resolve, this.options.reorderWindow)
    return promise
  }

  #markVerified(askedAt: number): void {
    // one that could not be loaded may be older
    if (!this.#replicas.hasFailures) this.#verifiedAt = Math.max(this.#verifiedAt, askedAt)
  }

  // ---- the end ---------------------------------------------------------------------------------------------------

  #background(work: Promise<unknown>): void {
    this.#deps.background(this.ref, work)
  }

  /** Calls `listener` when the section is closed. The returned function takes it back. */
  onClose(listener: () => void): () => void {
    this.#closeListeners.add(listener)
    return () => this.#closeListeners.delete(listener)
  }

  /** Ends everything; whoever waits is refused. */
  async close(): Promise<void> {
    this.#closed = true
    this.#gapRepair.close()
    this.#replicas.close()
    for (const listener of this.#closeListeners) listener()
    await this.#subscriptions.close()
  }
}
