import type { Change } from '../model/change.ts'
import { ClosedError, SyncError } from '../model/errors.ts'
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

/** Documents known not to exist that are remembered, where not all are held. */
const MAX_ABSENT = 1_000

/** The most changes that wait for one document's load or missing change. */
const MAX_BUFFERED = 1_000

/** What the replicas of a section ask of it. */
export interface ReplicaTableHost {
  /** Takes note of where an answer stands. False: it is of another time and has to be asked again. */
  acceptAnswer(state: SectionState, asOf: number): boolean
  /** A change waits for its predecessor. */
  onGap(): void
  /** Would it hear of a change of this sequence? */
  isObserved(sequence: number): boolean
  /** A replica applied a change. */
  onApplied(observation: ReplicaChange): void
  /** Something was shown that is no change: a document expired, or was not what it should be. */
  onUnsequenced(observation: ReplicaEvent): void
  /** Hears the changes of one document (`follow: 'key'`). */
  subscribe(key: string): Promise<void>
  unsubscribe(key: string): void
}

/** The replicas of a section: loads them, gives them their changes, and shows what they do to whoever watches. */
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
  /** Those with changes that wait for a predecessor. */
  readonly #stuck = new Set<Replica>()
  /** Those that are loaded again, or were to be and could not: what they show may be old. */
  readonly #reloading = new Set<Replica>()
  /** Those whose document does not exist. */
  readonly #absent = new Set<Replica>()
  /** Who watches single documents, in the order of their changes. */
  readonly observers: DocumentObservers = new DocumentObservers()
  /** Is every document of the section held? Then one that is not held does not exist. */
  complete = false
  /** How many loads were begun: each has its number. */
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
        // absence has bounds of its own
        replica.exists && this.release(replica),
    )
    this.expiry = new Expiry(options, deps, this.#byKey, (replica) => this.reload(replica, 'expired'))
  }

  /** Replicas that know something. */
  known(): Replica[] {
    return [...this.#byKey.values()].filter((replica) => replica.known)
  }

  /** Replicas with changes that wait, and nothing under way to help them. */
  get stuck(): readonly Replica[] {
    return [...this.#stuck].filter(({ pendingLoad }) => pendingLoad === 0)
  }

  /** Is anything loaded again, and so perhaps old? */
  get isReloading(): boolean {
    return this.#reloading.size > 0
  }

  /** Is there one that could not be loaded? */
  get hasFailures(): boolean {
    return [...this.#reloading].some(({ loadFailure }) => loadFailure !== undefined)
  }

  /** Resolves when nothing is that is loaded again now. */
  async whenReloaded(): Promise<void> {
    for (const replica of [...this.#reloading]) await this.waitUntil(replica, () => replica.pendingLoad === 0)
  }

  get heldCount(): number {
    let held = 0
    for (const { exists } of this.#byKey.values()) if (exists) held++
    return held
  }

  get bufferedCount(): number {
    let changes = 0
    for (const { buffer } of this.#byKey.values()) changes += buffer.length
    return changes
  }

  /**
   * Resolves when `test` holds; it is looked at whenever something about the document moved. Rejects with what its load
   * failed of for good.
   */
  async waitUntil(replica: Replica, test: () => boolean): Promise<void> {
    while (!test()) {
      if (replica.loadFailure) throw replica.loadFailure.cause
      if (this.#closed) throw new ClosedError('the instance is closed')
      await replica.whenChanged()
    }
  }

  /** The keys of the documents that exist, of those that are held. */
  listKeys(): string[] {
    return [...this.#byKey.values()].filter(({ exists }) => exists).map(({ key }) => key)
  }

  /** One that knows nothing; not held. */
  create(key: string): Replica {
    return new Replica(key, this.#fieldTable)
  }

  /** One that knows that its document does not exist; not held. */
  createAbsent(key: string): Replica {
    const replica = this.create(key)
    replica.installAbsent(this.#epochs.epoch, this.#sequences.contiguous)
    return replica
  }

  // ---- loading ---------------------------------------------------------------------------------------------------

  /** Holds a document from now on. */
  add(key: string): Replica {
    const replica = this.create(key)
    this.#byKey.set(key, replica)
    this.load(replica)
    if (this.#options.replicate === 'on-demand') this.#eviction.onAdded(replica, this.#byKey.size - this.#absent.size)
    return replica
  }

  /** Holds a document no longer. False: somebody needs it, or all are to be held. */
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

  /** Begins to hold a document: heard of first, where that takes a subscription of its own. */
  load(replica: Replica): void {
    replica.loadFailure = undefined
    if (this.#options.subscribeBy === 'section') this.reload(replica, 'snapshot')
    else {
      const work = this.#host.subscribe(replica.key).then(() => this.reload(replica, 'snapshot'))
      work.catch((cause: unknown) => this.#onLoadFailed(replica, cause))
    }
  }

  /** What asking again cannot mend: whoever waits is told, and the next one begins anew; so does the next check. */
  #onLoadFailed(replica: Replica, cause: unknown): void {
    replica.pendingLoad = 0
    replica.loadFailure = { cause }
    const isNeeded = replica.known || this.observers.has(replica.key) || this.#options.replicate === 'all'
    if (this.find(replica.key) !== replica) this.#reloading.delete(replica)
    else if (isNeeded) this.#reloading.add(replica)
    // there is nothing to hold: it would take the place of a document
    else this.#remove(replica)
    this.#deps.background(this.#options.ref, Promise.reject(cause))
    replica.notifyWaiters()
  }

  /** Loads those once more that could not be loaded: no change tells of what they missed. */
  retryFailed(): void {
    for (const replica of [...this.#reloading]) {
      if (!replica.loadFailure) continue
      if (replica.known) this.reload(replica, replica.reloadReason)
      else this.load(replica)
    }
  }

  /** What it holds is not what the store has at that version. */
  markCorrupt(replica: Replica): void {
    replica.corrupt = true
    this.reload(replica, 'log-truncated')
  }

  /** Loads it (again); an answer still under way counts no more. */
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
    // an adoption asks again by itself
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
    // told as it is after what waited: of that the section's changes may have told already
    if (unreportedReason && (corrupt || !replica.exists))
      this.#host.onUnsequenced(this.#toResetEvent(replica, unreportedReason))
    else if (lastIncluded) this.emitIfExpired(lastIncluded)
  }

  /** Returns why it is news to who hears the section's changes one by one: no change will tell of it. */
  #install(replica: Replica, loaded: LoadResult): ReloadReason | undefined {
    const { known, generation, version, value, corrupt, sequence } = replica
    const wasExpired = this.expiry.isExpired(replica)
    replica.install(loaded, this.#deps.runtime.elapsed())
    this.expiry.scheduleSweep(replica)
    const sameCommit = generation === replica.generation && version === replica.version
    const hasChanged = !sameCommit || (value === undefined) === replica.exists
    const reason = wasExpired && !replica.exists ? 'expired' : replica.reloadReason
    // across epochs the same numbers may stand for another value
    if (!known || !(hasChanged || corrupt || (reason === 'epoch' && value !== replica.value))) {
      if (!replica.exists) this.observers.notifyRemoved(this.#toResetEvent(replica, reason), sequence)
      return undefined
    }
    this.observers.notify(this.#toResetEvent(replica, reason))
    const isGone = this.#options.ttl !== undefined && !replica.exists
    return corrupt || isGone ? reason : undefined
  }

  /** A change was told of a document that has expired since: of that no log tells. */
  emitIfExpired({ key, edits, sequence }: Change): void {
    const replica = this.find(key)
    const isGone = replica?.settled && !replica.exists && replica.sequence >= sequence
    if (this.#options.ttl !== undefined && isGone && edits !== 'removed')
      this.#host.onUnsequenced(this.#toResetEvent(replica, 'expired'))
  }

  #toResetEvent({ key, sequence, version, changedAt: at, value }: Replica, reason: ReloadReason): ReplicaEvent {
    return { kind: 'reset', key, epoch: this.#epochs.epoch, sequence, version, at, reason, value }
  }

  /** Is a held document still what the store has? If not, it is loaded. */
  compareWithHead(replica: Replica, head: Head, asOf: number): void {
    // one that was let go while the store was asked is nobody's any more
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

  /** Does the store have another state of it than is held? */
  isBehind(replica: Replica, { state, document }: Head): boolean {
    if (!document || state.sequence <= replica.sequence) return false
    const { generation, version } = document
    return replica.exists ? generation !== replica.generation || version !== replica.version : generation !== 0
  }

  /** Asks once more for what is being loaded: the answer under way may be older than what was missed. */
  restartLoads(): void {
    for (const replica of this.#byKey.values()) if (replica.pendingLoad > 0) this.reload(replica, replica.reloadReason)
  }

  /** Loads those that are as of an earlier change: first heard of while the others were compared. */
  reloadOlderThan(sequence: number): void {
    for (const replica of this.known())
      if (replica.pendingLoad === 0 && replica.sequence < sequence) this.reload(replica, 'log-truncated')
  }

  /** Loads those whose waiting changes nothing else can help any more. */
  reloadStuck(): void {
    for (const replica of this.stuck) this.reload(replica, 'log-truncated')
  }

  /** Into the next epoch: what stands at or below the fork goes on, the rest is loaded. */
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
        // the answer under way may be of no use now
        if (replica.pendingLoad > 0) this.reload(replica, replica.reloadReason)
        else this.#drain(replica)
      }
      replica.notifyWaiters()
    }
  }

  /**
   * Absence needs no entry once no earlier change can come: where all is held, what is not does not exist; elsewhere it
   * spares a load, for the last that were asked for.
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

  /** Has the replica, if there is one, come as far as this? */
  hasApplied(key: string, sequence: number): boolean {
    const replica = this.#byKey.get(key)
    return !replica || (replica.pendingLoad === 0 && replica.known && replica.sequence >= sequence)
  }

  /** The replica of a document, if one is held: known or about to be. */
  find(key: string): Replica | undefined {
    return this.#byKey.get(key)
  }

  /** Where all are to be held: a document heard of that is not. It did not exist, or the scan has not come by it yet. */
  addForChange(key: string): Replica {
    if (!this.complete) return this.add(key)
    const replica = this.createAbsent(key)
    this.#byKey.set(key, replica)
    return replica
  }

  /** Gives a replica a change. False: it is no news. */
  applyOrBuffer(replica: Replica, change: Change): boolean {
    if (replica.canApply(change)) {
      if (this.#apply(replica, change)) this.#afterChange(replica)
      else this.reload(replica, 'log-truncated')
      return true
    }
    if (!replica.bufferChange(change)) return false
    if (replica.known && replica.pendingLoad === 0) this.#drain(replica)
    if (replica.buffer.length > MAX_BUFFERED) {
      // whatever is loaded now may be older than what is thrown away here: load once more
      replica.buffer = []
      this.#stuck.delete(replica)
      if (replica.pendingLoad > 0) replica.overflowed = true
      else this.reload(replica, 'log-truncated')
    }
    return true
  }

  /** Applies what fits. What does not waits for its predecessor. */
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
    // one that was forgotten meanwhile, and only lives on for who still waits for it, does not count
    if (!replica.exists && this.find(replica.key) === replica) this.#absent.add(replica)
    else this.#absent.delete(replica)
    if (replica.buffer.length === 0) this.#stuck.delete(replica)
    else {
      this.#stuck.add(replica)
      this.#host.onGap()
    }
    replica.notifyWaiters()
  }

  /** False: its patch does not fit what is held, though its versions do. */
  #apply(replica: Replica, change: Change): boolean {
    const { emit, metrics, runtime, origin } = this.#deps
    const isObserved = this.observers.has(replica.key) || this.#host.isObserved(change.sequence)
    const previous = isObserved ? replica.value : undefined
    try {
      replica.apply(change)
    } catch (error) {
      if (!(error instanceof SyncError)) throw error
      emit({ ...this.#options.ref, type: 'patch-rejected', key: replica.key, error })
      return false
    }
    this.expiry.restartTtl(replica)
    if (change.origin !== origin) {
      metrics.changes++
      metrics.recordPropagation(runtime.now() - change.time)
    }
    if (isObserved) {
      const observation = replicaChange(change, true, replica.value, previous)
      this.observers.notify(observation)
      this.#host.onApplied(observation)
    }
    return true
  }

  /** Whoever waits is refused. */
  close(): void {
    this.#closed = true
    this.expiry.close()
    this.#eviction.close()
    this.observers.clear()
    for (const replica of this.#byKey.values()) replica.notifyWaiters()
  }
}
