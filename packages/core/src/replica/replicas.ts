import type { Watermark } from '../buffer/watermark.ts'
import type { Change } from '../model/change.ts'
import { ClosedError, SyncError } from '../model/errors.ts'
import type { Head, Loaded } from '../transport/store.ts'
import type { Standing } from '../versioning/lineage.ts'
import type { SectionContext, SectionOptions } from './context.ts'
import { Eviction } from './eviction.ts'
import { Expiry } from './expiry.ts'
import { FieldTable } from './field-versions.ts'
import type { History } from './history.ts'
import { type JumpReason, type Observation, type Observed, observed } from './observation.ts'
import { Observers } from './observers.ts'
import { Replica } from './replica.ts'

/** Documents known not to exist that are remembered, where not all are held. */
const MOST_ABSENT = 1_000

/** The most changes that wait for one document's load or missing change. */
const MOST_BUFFERED = 1_000

/** What the replicas of a section ask of it. */
export interface ReplicasOwner {
  /** Takes note of where an answer stands. False: it is of another time and has to be asked again. */
  hear(standing: Standing, adoption: number): boolean
  /** A change waits for its predecessor. */
  waiting(): void
  /** Would it hear of a change of this sequence? */
  wants(sequence: number): boolean
  /** A replica applied a change. */
  applied(observation: Observed): void
  /** Something was shown that is no change: a document expired, or was not what it should be. */
  beside(observation: Observation): void
  /** Hears the changes of one document (`follow: 'key'`). */
  subscribe(key: string): Promise<void>
  unsubscribe(key: string): void
}

/** The replicas of a section: loads them, gives them their changes, and shows what they do to whoever watches. */
export class Replicas {
  readonly #options: SectionOptions
  readonly #context: SectionContext
  readonly #history: History
  readonly #water: Watermark
  readonly #owner: ReplicasOwner
  readonly expiry: Expiry
  readonly #eviction: Eviction
  readonly #replicas = new Map<string, Replica>()
  readonly #fields = new FieldTable()
  /** Those with changes that wait for a predecessor. */
  readonly #stuck = new Set<Replica>()
  /** Those that are loaded again, or were to be and could not: what they show may be old. */
  readonly #reloading = new Set<Replica>()
  /** Those whose document does not exist. */
  readonly #gone = new Set<Replica>()
  /** Who watches single documents, in the order of their changes. */
  readonly observers: Observers = new Observers()
  /** Is every document of the section held? Then one that is not held does not exist. */
  complete = false
  /** How many loads were begun: each has its number. */
  loads = 0
  #closed = false

  constructor(
    options: SectionOptions,
    context: SectionContext,
    history: History,
    water: Watermark,
    owner: ReplicasOwner,
  ) {
    this.#options = options
    this.#context = context
    this.#history = history
    this.#water = water
    this.#owner = owner
    this.#eviction = new Eviction(
      options.memory,
      context.runtime,
      this.#replicas,
      (replica) =>
        // absence has bounds of its own
        replica.exists && this.release(replica),
    )
    this.expiry = new Expiry(options, context, this.#replicas, (replica) => this.reload(replica, 'expired'))
  }

  /** Replicas that know something. */
  known(): Replica[] {
    return [...this.#replicas.values()].filter((replica) => replica.known)
  }

  /** Replicas with changes that wait, and nothing under way to help them. */
  get stuck(): readonly Replica[] {
    return [...this.#stuck].filter(({ load }) => load === 0)
  }

  /** Is anything loaded again, and so perhaps old? */
  get reloading(): boolean {
    return this.#reloading.size > 0
  }

  /** Is there one that could not be loaded? */
  get failing(): boolean {
    return [...this.#reloading].some(({ failed }) => failed !== undefined)
  }

  /** Resolves when nothing is that is loaded again now. */
  async reloaded(): Promise<void> {
    for (const replica of [...this.#reloading]) await this.until(replica, () => replica.load === 0)
  }

  get held(): number {
    let held = 0
    for (const { exists } of this.#replicas.values()) if (exists) held++
    return held
  }

  get buffered(): number {
    let changes = 0
    for (const { buffer } of this.#replicas.values()) changes += buffer.length
    return changes
  }

  /**
   * Resolves when `test` holds; it is looked at whenever something about the document moved. Rejects with what its load
   * failed of for good.
   */
  async until(replica: Replica, test: () => boolean): Promise<void> {
    while (!test()) {
      if (replica.failed) throw replica.failed.cause
      if (this.#closed) throw new ClosedError('the instance is closed')
      await replica.moved()
    }
  }

  /** The keys of the documents that exist, of those that are held. */
  keys(): string[] {
    return [...this.#replicas.values()].filter(({ exists }) => exists).map(({ key }) => key)
  }

  /** One that knows nothing; not held. */
  replica(key: string): Replica {
    return new Replica(key, this.#fields)
  }

  /** One that knows that its document does not exist; not held. */
  absent(key: string): Replica {
    const replica = this.replica(key)
    replica.installAbsent(this.#history.epoch, this.#water.gapFree)
    return replica
  }

  // ---- loading ---------------------------------------------------------------------------------------------------

  /** Holds a document from now on. */
  begin(key: string): Replica {
    const replica = this.replica(key)
    this.#replicas.set(key, replica)
    this.load(replica)
    if (this.#options.replicate === 'on-read') this.#eviction.added(replica, this.#replicas.size - this.#gone.size)
    return replica
  }

  /** Holds a document no longer. False: somebody needs it, or all are to be held. */
  release(replica: Replica): boolean {
    const idle = replica.settled && !replica.awaited
    if (!idle || this.observers.has(replica.key) || this.#options.replicate === 'all') return false
    this.#drop(replica)
    return true
  }

  #drop(replica: Replica): void {
    this.#gone.delete(replica)
    this.#reloading.delete(replica)
    this.#replicas.delete(replica.key)
    if (this.#options.follow === 'key') this.#owner.unsubscribe(replica.key)
  }

  /** Begins to hold a document: heard of first, where that takes a subscription of its own. */
  load(replica: Replica): void {
    replica.failed = undefined
    if (this.#options.follow === 'section') this.reload(replica, 'snapshot')
    else {
      const work = this.#owner.subscribe(replica.key).then(() => this.reload(replica, 'snapshot'))
      work.catch((cause: unknown) => this.#fail(replica, cause))
    }
  }

  /** What asking again cannot mend: whoever waits is told, and the next one begins anew; so does the next check. */
  #fail(replica: Replica, cause: unknown): void {
    replica.load = 0
    replica.failed = { cause }
    const needed = replica.known || this.observers.has(replica.key) || this.#options.replicate === 'all'
    if (this.find(replica.key) !== replica) this.#reloading.delete(replica)
    else if (needed) this.#reloading.add(replica)
    // there is nothing to hold: it would take the place of a document
    else this.#drop(replica)
    this.#context.background(this.#options.ref, Promise.reject(cause))
    replica.wake()
  }

  /** Loads those once more that could not be loaded: no change tells of what they missed. */
  loadFailed(): void {
    for (const replica of [...this.#reloading]) {
      if (!replica.failed) continue
      if (replica.known) this.reload(replica, replica.reason)
      else this.load(replica)
    }
  }

  /** What it holds is not what the store has at that version. */
  refute(replica: Replica): void {
    replica.refuted = true
    this.reload(replica, 'log-truncated')
  }

  /** Loads it (again); an answer still under way counts no more. */
  reload(replica: Replica, reason: JumpReason): void {
    const { loader, counters } = this.#context
    const { adoptions } = this.#history
    const load = ++this.loads
    if (replica.known) {
      counters.reloads++
      this.#reloading.add(replica)
    }
    replica.load = load
    replica.failed = undefined
    replica.reason = reason
    loader.load({ ...this.#options.ref, key: replica.key }).then(
      (loaded) => {
        if (replica.load === load && !this.#closed) this.#loaded(replica, loaded, adoptions)
      },
      (cause: unknown) => {
        if (replica.load === load && !this.#closed) this.#fail(replica, cause)
      },
    )
  }

  #loaded(replica: Replica, loaded: Loaded, adoption: number): void {
    const { standing } = loaded
    const { load } = replica
    const current = this.#owner.hear(standing, adoption)
    // an adoption asks again by itself
    if (replica.load !== load) return
    if (!current || replica.overflowed) {
      replica.overflowed = false
      this.reload(replica, replica.reason)
      return
    }
    replica.load = 0
    replica.loaded = load
    this.#reloading.delete(replica)
    const older = replica.known && replica.epoch === standing.epoch && standing.sequence < replica.seen
    const { refuted } = replica
    const part = replica.buffer.findLast(({ sequence }) => sequence <= standing.sequence)
    const untold = older ? undefined : this.#install(replica, loaded)
    this.#drain(replica)
    // told as it is after what waited: of that the section's changes may have told already
    if (untold && (refuted || !replica.exists)) this.#owner.beside(this.#jumpOf(replica, untold))
    else if (part) this.tellExpired(part)
  }

  /** Returns why it is news to who hears the section's changes one by one: no change will tell of it. */
  #install(replica: Replica, loaded: Loaded): JumpReason | undefined {
    const { known, generation, version, value, refuted, seen } = replica
    const lapsed = this.expiry.lapsed(replica)
    replica.install(loaded, this.#context.runtime.elapsed())
    this.expiry.watch(replica)
    const sameCommit = generation === replica.generation && version === replica.version
    const moved = !sameCommit || (value === undefined) === replica.exists
    const reason = lapsed && !replica.exists ? 'expired' : replica.reason
    // across epochs the same numbers may stand for another value
    if (!known || !(moved || refuted || (reason === 'epoch' && value !== replica.value))) {
      if (!replica.exists) this.observers.showEnd(this.#jumpOf(replica, reason), seen)
      return undefined
    }
    this.observers.show(this.#jumpOf(replica, reason))
    const gone = this.#options.ttl !== undefined && !replica.exists
    return refuted || gone ? reason : undefined
  }

  /** A change was told of a document that has expired since: of that no log tells. */
  tellExpired({ key, edits, sequence }: Change): void {
    const replica = this.find(key)
    const gone = replica?.settled && !replica.exists && replica.seen >= sequence
    if (this.#options.ttl !== undefined && gone && edits !== 'removed')
      this.#owner.beside(this.#jumpOf(replica, 'expired'))
  }

  #jumpOf({ key, seen: sequence, version, changedAt: at, value }: Replica, reason: JumpReason): Observation {
    return { kind: 'jump', key, epoch: this.#history.epoch, sequence, version, at, reason, value }
  }

  /** Is a held document still what the store has? If not, it is loaded. */
  compare(replica: Replica, head: Head, adoption: number): void {
    // one that was let go while the store was asked is nobody's any more
    if (!head.document || this.find(replica.key) !== replica || !this.#owner.hear(head.standing, adoption)) return
    if (replica.load > 0 || !replica.known || replica.epoch !== this.#history.epoch) return
    if (head.standing.sequence <= replica.seen) return
    if (this.isBehind(replica, head)) {
      const expired = head.document.generation === 0 && this.expiry.lapsed(replica)
      this.reload(replica, expired ? 'expired' : 'log-truncated')
    } else {
      replica.seen = head.standing.sequence
      this.#drain(replica)
    }
  }

  /** Does the store have another state of it than is held? */
  isBehind(replica: Replica, { standing, document }: Head): boolean {
    if (!document || standing.sequence <= replica.seen) return false
    const { generation, version } = document
    return replica.exists ? generation !== replica.generation || version !== replica.version : generation !== 0
  }

  /** Asks once more for what is being loaded: the answer under way may be older than what was missed. */
  loadAnew(): void {
    for (const replica of this.#replicas.values()) if (replica.load > 0) this.reload(replica, replica.reason)
  }

  /** Loads those that are as of an earlier change: first heard of while the others were compared. */
  reloadBefore(sequence: number): void {
    for (const replica of this.known())
      if (replica.load === 0 && replica.seen < sequence) this.reload(replica, 'log-truncated')
  }

  /** Loads those whose waiting changes nothing else can help any more. */
  reloadStuck(): void {
    for (const replica of this.stuck) this.reload(replica, 'log-truncated')
  }

  /** Into the next epoch: what stands at or below the fork goes on, the rest is loaded. */
  carryOver(from: string, goesOn: (sequence: number) => boolean): void {
    const { epoch } = this.#history
    for (const replica of this.#replicas.values()) {
      replica.buffer = replica.buffer
        .filter((change) => this.#history.holds(change))
        .map((change) => ({ ...change, epoch }))
      if (!replica.known) this.reload(replica, replica.reason)
      else if (replica.epoch !== from || !goesOn(replica.seen)) this.reload(replica, 'epoch')
      else {
        replica.epoch = epoch
        this.observers.carryOver(replica.key, goesOn)
        // the answer under way may be of no use now
        if (replica.load > 0) this.reload(replica, replica.reason)
        else this.#drain(replica)
      }
      replica.wake()
    }
  }

  /**
   * Absence needs no entry once no earlier change can come: where all is held, what is not does not exist; elsewhere it
   * spares a load, for the last that were asked for.
   */
  forgetAbsent(): void {
    let surplus = this.#gone.size - (this.complete ? 0 : MOST_ABSENT)
    for (const replica of this.#gone) {
      if (surplus-- <= 0) return
      const idle = replica.settled && !replica.awaited && !this.observers.has(replica.key)
      if (!idle || (replica.seen > this.#water.gapFree && this.#options.follow === 'section')) continue
      this.#drop(replica)
    }
  }

  // ---- changes ---------------------------------------------------------------------------------------------------

  /** Has the replica, if there is one, come as far as this? */
  shows(key: string, sequence: number): boolean {
    const replica = this.#replicas.get(key)
    return !replica || (replica.load === 0 && replica.known && replica.seen >= sequence)
  }

  /** The replica of a document, if one is held: known or about to be. */
  find(key: string): Replica | undefined {
    return this.#replicas.get(key)
  }

  /** Where all are to be held: a document heard of that is not. It did not exist, or the scan has not come by it yet. */
  beginHeard(key: string): Replica {
    if (!this.complete) return this.begin(key)
    const replica = this.absent(key)
    this.#replicas.set(key, replica)
    return replica
  }

  /** Gives a replica a change. False: it is no news. */
  offer(replica: Replica, change: Change): boolean {
    if (replica.takesNow(change)) {
      if (this.#apply(replica, change)) this.#moved(replica)
      else this.reload(replica, 'log-truncated')
      return true
    }
    if (!replica.offer(change)) return false
    if (replica.known && replica.load === 0) this.#drain(replica)
    if (replica.buffer.length > MOST_BUFFERED) {
      // whatever is loaded now may be older than what is thrown away here: load once more
      replica.buffer = []
      this.#stuck.delete(replica)
      if (replica.load > 0) replica.overflowed = true
      else this.reload(replica, 'log-truncated')
    }
    return true
  }

  /** Applies what fits. What does not waits for its predecessor. */
  #drain(replica: Replica): void {
    for (let change = replica.take(); change; change = replica.take()) {
      if (change.edits === 'omitted') replica.buffer = []
      if (change.edits === 'omitted' || !this.#apply(replica, change)) {
        this.reload(replica, 'log-truncated')
        return
      }
    }
    this.#moved(replica)
  }

  #moved(replica: Replica): void {
    // one that was forgotten meanwhile, and only lives on for who still waits for it, does not count
    if (!replica.exists && this.find(replica.key) === replica) this.#gone.add(replica)
    else this.#gone.delete(replica)
    if (replica.buffer.length === 0) this.#stuck.delete(replica)
    else {
      this.#stuck.add(replica)
      this.#owner.waiting()
    }
    replica.wake()
  }

  /** False: its patch does not fit what is held, though its versions do. */
  #apply(replica: Replica, change: Change): boolean {
    const { emit, counters, runtime, origin } = this.#context
    const told = this.observers.has(replica.key) || this.#owner.wants(change.sequence)
    const previous = told ? replica.value : undefined
    try {
      replica.apply(change)
    } catch (error) {
      if (!(error instanceof SyncError)) throw error
      emit({ ...this.#options.ref, type: 'patch-refused', key: replica.key, error })
      return false
    }
    this.expiry.renewed(replica)
    if (change.origin !== origin) {
      counters.changes++
      counters.propagation(runtime.now() - change.time)
    }
    if (told) {
      const observation = observed(change, true, replica.value, previous)
      this.observers.show(observation)
      this.#owner.applied(observation)
    }
    return true
  }

  /** Whoever waits is refused. */
  close(): void {
    this.#closed = true
    this.expiry.close()
    this.#eviction.close()
    this.observers.clear()
    for (const replica of this.#replicas.values()) replica.wake()
  }
}
