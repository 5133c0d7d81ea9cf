import type { Change } from '../model/change.ts'
import { ClosedError, isSyncError } from '../model/errors.ts'
import type { Head, LoadResult } from '../transport/store.ts'
import type { SectionState } from '../versioning/section-state.ts'
import type { SequenceTracker } from '../versioning/sequence-tracker.ts'
import type { EpochTracker } from './epoch-tracker.ts'
import { Eviction } from './eviction.ts'
import { Expiry } from './expiry.ts'
import { FieldTable } from './field-versions.ts'
import { DocumentObservers } from './observers.ts'
import { Replica } from './replica.ts'
import { type ReloadReason, type ReplicaChange, type ReplicaEvent, replicaChange } from './replica-event.ts'
import type { SectionDeps, SectionOptions } from './section-deps.ts'

/** Maximum number of cached absences, unless the whole section is cached. */
const MAX_ABSENT = 1_000

/** Maximum number of changes that wait for one document's load or missing change. */
const MAX_BUFFERED = 1_000

/** A section's replicas: loads them, applies changes to them, and notifies the observers of their documents. */
export class ReplicaTable {
  readonly #options: SectionOptions
  readonly #deps: SectionDeps
  readonly #epochs: EpochTracker
  readonly #sequences: SequenceTracker
  readonly #host: ReplicaTableHost
  readonly expiry: Expiry
  readonly #eviction: Eviction
  readonly #byKey = new Map<string, Replica>()
  readonly #fieldTable = new FieldTable()
  /** Replicas with changes that wait for a predecessor. */
  readonly #stuck = new Set<Replica>()
  /** Replicas that are being reloaded, or whose reload failed: their values may be old. */
  readonly #reloading = new Set<Replica>()
  /** Replicas of documents that do not exist. */
  readonly #absent = new Set<Replica>()
  /** Observers of single documents. */
  readonly observers: DocumentObservers = new DocumentObservers()
  /** True if every existing document of the section is cached: a document without a replica does not exist. */
  complete = false
  /** Number of the latest load. */
  loadCount = 0
  #closed = false

  constructor(
    options: SectionOptions,
    deps: SectionDeps,
    epochs: EpochTracker,
    sequences: SequenceTracker,
    host: ReplicaTableHost,
  ) {
    this.#options = options
    this.#deps = deps
    this.#epochs = epochs
    this.#sequences = sequences
    this.#host = host
    this.#eviction = new Eviction(
      options.cache,
      deps.runtime,
      this.#byKey,
      (replica) =>
        // absences have their own limit
        replica.exists && this.release(replica),
    )
    this.expiry = new Expiry(options, deps, this.#byKey, (replica) => this.reload(replica, 'expired'))
  }

  /** Returns the replicas whose state is known. */
  known(): Replica[] {
    return [...this.#byKey.values()].filter((replica) => replica.known)
  }

  /** Replicas with waiting changes and no load in flight. */
  get stuck(): readonly Replica[] {
    return [...this.#stuck].filter(({ pendingLoad }) => pendingLoad === 0)
  }

  /** True if a replica is being reloaded, so that its value may be old. */
  get isReloading(): boolean {
    return this.#reloading.size > 0
  }

  /** True if the reload of a replica failed. */
  get hasFailures(): boolean {
    return [...this.#reloading].some(({ loadFailure }) => loadFailure !== undefined)
  }

  /** Resolves when the reloads that are in flight now have settled. */
  async whenReloaded(): Promise<void> {
    for (const replica of [...this.#reloading]) await this.waitUntil(replica, () => replica.pendingLoad === 0)
  }

  get cachedCount(): number {
    let cached = 0
    for (const { exists } of this.#byKey.values()) if (exists) cached++
    return cached
  }

  /** Highest sequence that a cached state may reflect. */
  get highestSequence(): number {
    return this.#sequences.highest
  }

  get bufferedCount(): number {
    let changes = 0
    for (const { buffer } of this.#byKey.values()) changes += buffer.length
    return changes
  }

  /**
   * Resolves when `test` returns true; it runs after each change of the replica's state. Rejects with the error of a
   * load that failed, and with `SYNC_CLOSED`.
   */
  async waitUntil(replica: Replica, test: () => boolean): Promise<void> {
    while (!test()) {
      if (replica.loadFailure) throw replica.loadFailure.cause
      if (this.#closed) throw new ClosedError('the instance is closed')
      await replica.whenChanged()
    }
  }

  /** Returns the keys of the cached documents that exist. */
  listKeys(): string[] {
    return [...this.#byKey.values()].filter(({ exists }) => exists).map(({ key }) => key)
  }

  /** Creates a replica without a known state, outside the table. */
  create(key: string): Replica {
    return new Replica(key, this.#fieldTable)
  }

  /** Creates the replica of a document that does not exist, outside the table. */
  createAbsent(key: string): Replica {
    const replica = this.create(key)
    replica.installAbsent(this.#epochs.epoch, this.#sequences.contiguous)
    return replica
  }

  // ---- loading ---------------------------------------------------------------------------------------------------

  /** Starts to cache a document. */
  add(key: string): Replica {
    const replica = this.create(key)
    this.#byKey.set(key, replica)
    this.load(replica)
    if (this.#options.replicate === 'on-demand') this.#eviction.onAdded(replica, this.#byKey.size - this.#absent.size)
    return replica
  }

  /** True if no document is cached, loading or watched. Known absences do not count. */
  get isIdle(): boolean {
    if (this.observers.size > 0 || this.isReloading || this.#stuck.size > 0) return false
    for (const replica of this.#byKey.values())
      if (replica.exists || !replica.settled || replica.hasWaiters) return false
    return true
  }

  /** Forgets the known absences. */
  clear(): void {
    for (const replica of [...this.#byKey.values()]) this.#remove(replica)
  }

  /** Stops caching a document. Returns false if the document is in use or the whole section must stay cached. */
  release(replica: Replica): boolean {
    const isIdle = replica.settled && !replica.hasWaiters
    if (!isIdle || this.observers.has(replica.key) || this.#options.replicate === 'all') return false
    this.#remove(replica)
    return true
  }

  #remove(replica: Replica): void {
    this.#absent.delete(replica)
    this.#reloading.delete(replica)
    this.#byKey.delete(replica.key)
    if (this.#options.subscribeBy === 'document') this.#host.unsubscribe(replica.key)
  }

  /** Loads a document for the first time, after subscribing to it if it needs a subscription of its own. */
  load(replica: Replica): void {
    replica.loadFailure = undefined
    if (this.#options.subscribeBy === 'section') this.reload(replica, 'snapshot')
    else {
      const work = this.#host.subscribe(replica.key).then(() => this.reload(replica, 'snapshot'))
      work.catch((cause: unknown) => this.#onLoadFailed(replica, cause))
    }
  }

  /**
   * Handles an error that a retry cannot fix: waiting calls reject. The next read or heartbeat check loads the document
   * again.
   */
  #onLoadFailed(replica: Replica, cause: unknown): void {
    replica.pendingLoad = 0
    replica.loadFailure = { cause }
    const isNeeded = replica.known || this.observers.has(replica.key) || this.#options.replicate === 'all'
    if (this.find(replica.key) !== replica) this.#reloading.delete(replica)
    else if (isNeeded) this.#reloading.add(replica)
    // the document's state is unknown, and an entry without a state would displace a document
    else this.#remove(replica)
    this.#deps.background(this.#options.ref, Promise.reject(cause))
    // changes that arrived during the load may continue the known state, as later ones can
    if (replica.known) this.#drain(replica)
    else replica.notifyWaiters()
  }

  /** Repeats failed loads. No change reports what these replicas missed. */
  retryFailed(): void {
    for (const replica of [...this.#reloading]) {
      if (!replica.loadFailure) continue
      if (replica.known) this.reload(replica, replica.reloadReason)
      else this.load(replica)
    }
  }

  /** Marks a replica whose value differs from the store's at the same version, and reloads it. */
  markCorrupt(replica: Replica): void {
    replica.corrupt = true
    this.reload(replica, 'log-truncated')
  }

  /** Loads or reloads a replica. The answer of an earlier load no longer counts. */
  reload(replica: Replica, reason: ReloadReason): void {
    const { loadBatcher, metrics } = this.#deps
    const { switches } = this.#epochs
    const load = ++this.loadCount
    if (replica.known) {
      metrics.reloads++
      this.#reloading.add(replica)
    }
    replica.pendingLoad = load
    replica.loadFailure = undefined
    replica.reloadReason = reason
    loadBatcher.load({ ...this.#options.ref, key: replica.key }).then(
      (loaded) => {
        if (replica.pendingLoad === load && !this.#closed) this.#onLoaded(replica, loaded, switches)
      },
      (cause: unknown) => {
        if (replica.pendingLoad === load && !this.#closed) this.#onLoadFailed(replica, cause)
      },
    )
  }

  #onLoaded(replica: Replica, loaded: LoadResult, asOf: number): void {
    const { state } = loaded
    const { pendingLoad } = replica
    const current = this.#host.acceptAnswer(state, asOf)
    // adopting a new epoch started another load
    if (replica.pendingLoad !== pendingLoad) return
    if (!current || replica.overflowed) {
      replica.overflowed = false
      this.reload(replica, replica.reloadReason)
      return
    }
    replica.pendingLoad = 0
    replica.lastLoad = pendingLoad
    this.#reloading.delete(replica)
    const isOlder = replica.known && replica.epoch === state.epoch && state.sequence < replica.sequence
    const { corrupt } = replica
    const lastIncluded = replica.buffer.findLast(({ sequence }) => sequence <= state.sequence)
    const unreportedReason = isOlder ? undefined : this.#install(replica, loaded)
    this.#drain(replica)
    // emitted with the state after the buffered changes, which the section's observers may already have received
    if (unreportedReason && (corrupt || !replica.exists))
      this.#host.onUnsequenced(this.#toResetEvent(replica, unreportedReason))
    else if (lastIncluded) this.emitIfExpired(lastIncluded)
  }

  /**
   * Installs a loaded state. Returns a reason if the section's observers must be notified, because no change reports
   * the difference.
   */
  #install(replica: Replica, loaded: LoadResult): ReloadReason | undefined {
    const { known, generation, version, value, corrupt, sequence } = replica
    const wasExpired = this.expiry.isExpired(replica)
    replica.install(loaded, this.#deps.runtime.elapsed())
    this.expiry.scheduleSweep(replica)
    const sameCommit = generation === replica.generation && version === replica.version
    const hasChanged = !sameCommit || (value === undefined) === replica.exists
    const reason = wasExpired && !replica.exists ? 'expired' : replica.reloadReason
    // in another epoch, the same version can stand for another value
    if (!known || !(hasChanged || corrupt || (reason === 'epoch' && value !== replica.value))) {
      if (!replica.exists) this.observers.notifyRemoved(this.#toResetEvent(replica, reason), sequence)
      return undefined
    }
    this.observers.notify(this.#toResetEvent(replica, reason))
    const isGone = this.#options.ttl !== undefined && !replica.exists
    return corrupt || isGone ? reason : undefined
  }

  /** Emits the expiry of a document after a change of it was emitted. The log does not record expiries. */
  emitIfExpired({ key, edits, sequence }: Change): void {
    const replica = this.find(key)
    const isGone = replica?.settled && !replica.exists && replica.sequence >= sequence
    if (this.#options.ttl !== undefined && isGone && edits !== 'removed')
      this.#host.onUnsequenced(this.#toResetEvent(replica, 'expired'))
  }

  #toResetEvent({ key, sequence, version, changedAt: at, value }: Replica, reason: ReloadReason): ReplicaEvent {
    return { kind: 'reset', key, epoch: this.#epochs.epoch, sequence, version, at, reason, value }
  }

  /** Compares a replica with the store's head, and reloads it if they differ. */
  compareWithHead(replica: Replica, head: Head, asOf: number): void {
    // the replica may have been evicted during the request
    if (!head.document || this.find(replica.key) !== replica || !this.#host.acceptAnswer(head.state, asOf)) return
    if (replica.pendingLoad > 0 || !replica.known || replica.epoch !== this.#epochs.epoch) return
    if (head.state.sequence <= replica.sequence) return
    if (this.isBehind(replica, head)) {
      const isExpired = head.document.generation === 0 && this.expiry.isExpired(replica)
      this.reload(replica, isExpired ? 'expired' : 'log-truncated')
    } else {
      replica.sequence = head.state.sequence
      this.#drain(replica)
    }
  }

  /** True if the store has a later state of the document. */
  isBehind(replica: Replica, { state, document }: Head): boolean {
    if (!document || state.sequence <= replica.sequence) return false
    const { generation, version } = document
    return replica.exists ? generation !== replica.generation || version !== replica.version : generation !== 0
  }

  /** Restarts the loads in flight, because their answers may be older than the missed changes. */
  restartLoads(): void {
    for (const replica of this.#byKey.values()) if (replica.pendingLoad > 0) this.reload(replica, replica.reloadReason)
  }

  /** Reloads replicas that are older than `sequence`, such as those added during the comparison. */
  reloadOlderThan(sequence: number): void {
    for (const replica of this.known())
      if (replica.pendingLoad === 0 && replica.sequence < sequence) this.reload(replica, 'log-truncated')
  }

  /** Reloads replicas whose waiting changes nothing else can release. */
  reloadStuck(): void {
    for (const replica of this.stuck) this.reload(replica, 'log-truncated')
  }

  /** Continues in the next epoch: keeps replicas at or below the fork and reloads the others. */
  switchEpoch(from: string, isShared: (sequence: number) => boolean): void {
    const { epoch } = this.#epochs
    for (const replica of this.#byKey.values()) {
      replica.buffer = replica.buffer
        .filter((change) => this.#epochs.includes(change))
        .map((change) => ({ ...change, epoch }))
      if (!replica.known) this.reload(replica, replica.reloadReason)
      else if (replica.epoch !== from || !isShared(replica.sequence)) this.reload(replica, 'epoch')
      else {
        replica.epoch = epoch
        this.observers.rewindPastFork(replica.key, isShared)
        // the answer of the load in flight may be of the old epoch
        if (replica.pendingLoad > 0) this.reload(replica, replica.reloadReason)
        else this.#drain(replica)
      }
      replica.notifyWaiters()
    }
  }

  /**
   * Drops replicas of absent documents once no earlier change of them can arrive. In a completely cached section, a
   * missing replica already means absence. Otherwise the most recent absences are kept, because each saves a load.
   */
  evictAbsent(): void {
    let surplus = this.#absent.size - (this.complete ? 0 : MAX_ABSENT)
    for (const replica of this.#absent) {
      if (surplus-- <= 0) return
      const isIdle = replica.settled && !replica.hasWaiters && !this.observers.has(replica.key)
      if (!isIdle || (replica.sequence > this.#sequences.contiguous && this.#options.subscribeBy === 'section'))
        continue
      this.#remove(replica)
    }
  }

  // ---- changes ---------------------------------------------------------------------------------------------------

  /** True if the replica has applied `sequence`, or does not exist. */
  hasApplied(key: string, sequence: number): boolean {
    const replica = this.#byKey.get(key)
    return !replica || (replica.pendingLoad === 0 && replica.known && replica.sequence >= sequence)
  }

  /** Returns the document's replica, if it is cached or being loaded. */
  find(key: string): Replica | undefined {
    return this.#byKey.get(key)
  }

  /**
   * Adds a replica for a change of an uncached document, with `replicate: 'all'`. The document did not exist, or the
   * full sync has not reached it.
   */
  addForChange(key: string): Replica {
    if (!this.complete) return this.add(key)
    const replica = this.createAbsent(key)
    this.#byKey.set(key, replica)
    return replica
  }

  /** Applies or buffers a change. Returns false for a duplicate. */
  applyOrBuffer(replica: Replica, change: Change): boolean {
    if (replica.canApply(change)) {
      if (this.#apply(replica, change)) this.#afterChange(replica)
      else this.reload(replica, 'log-truncated')
      return true
    }
    if (!replica.bufferChange(change)) return false
    if (replica.known && replica.pendingLoad === 0) this.#drain(replica)
    if (replica.buffer.length > MAX_BUFFERED) {
      // the answer of the load in flight may be older than the dropped changes: load again
      replica.buffer = []
      this.#stuck.delete(replica)
      if (replica.pendingLoad > 0) replica.overflowed = true
      else this.reload(replica, 'log-truncated')
    }
    return true
  }

  /** Applies the buffered changes that are applicable. Later ones wait for their predecessors. */
  #drain(replica: Replica): void {
    for (let change = replica.takeNext(); change; change = replica.takeNext()) {
      if (change.edits === 'omitted') replica.buffer = []
      if (change.edits === 'omitted' || !this.#apply(replica, change)) {
        this.reload(replica, 'log-truncated')
        return
      }
    }
    this.#afterChange(replica)
  }

  #afterChange(replica: Replica): void {
    // an evicted replica that only a pending call still uses does not count
    if (!replica.exists && this.find(replica.key) === replica) this.#absent.add(replica)
    else this.#absent.delete(replica)
    if (replica.buffer.length === 0) this.#stuck.delete(replica)
    else {
      this.#stuck.add(replica)
      this.#host.onGap()
    }
    replica.notifyWaiters()
  }

  /** Applies a change. Returns false if its edits do not apply to the value, although the versions match. */
  #apply(replica: Replica, change: Change): boolean {
    const { emit, metrics, runtime, origin } = this.#deps
    const isObserved = this.observers.has(replica.key) || this.#host.isObserved(change.sequence)
    const previous = isObserved ? replica.value : undefined
    try {
      replica.apply(change)
    } catch (error) {
      if (!isSyncError(error)) throw error
      emit({ ...this.#options.ref, type: 'patch-rejected', key: replica.key, error })
      return false
    }
    this.expiry.restartTtl(replica)
    if (change.origin !== origin) {
      metrics.changes++
      metrics.recordPropagation(runtime.now() - change.time)
    }
    if (isObserved) {
      const event = replicaChange(change, true, replica.value, previous)
      this.observers.notify(event)
      this.#host.onApplied(event)
    }
    return true
  }

  /** Closes the table. Pending calls reject with `SYNC_CLOSED`. */
  close(): void {
    this.#closed = true
    this.expiry.close()
    this.#eviction.close()
    this.observers.clear()
    for (const replica of this.#byKey.values()) replica.notifyWaiters()
  }
}

/** Callbacks of {@link ReplicaTable} into its section. */
export interface ReplicaTableHost {
  /**
   * Records the section state of an answer. Returns false if the answer belongs to an earlier epoch and the request
   * must be repeated.
   */
  acceptAnswer(state: SectionState, asOf: number): boolean
  /** Called when a change waits for its predecessor. */
  onGap(): void
  /** True if the section's observers need a change of this sequence. */
  isObserved(sequence: number): boolean
  /** Called when a replica has applied a change. */
  onApplied(event: ReplicaChange): void
  /** Called for an event that is not a change: an expiry, or the correction of a corrupt replica. */
  onUnsequenced(event: ReplicaEvent): void
  /** Subscribes to one document's changes, with `subscribeBy: 'document'`. */
  subscribe(key: string): Promise<void>
  unsubscribe(key: string): void
}
