import type { Head } from '../transport/store.ts'
import type { SectionState } from '../versioning/section-state.ts'
import type { EpochTracker } from './epoch-tracker.ts'
import type { DocumentObservers } from './observers.ts'
import type { Replica } from './replica.ts'
import type { ReplicaTable } from './replica-table.ts'
import type { SectionDeps, SectionOptions } from './section-deps.ts'

/** The documents of a section, for who reads them: what is not held yet is loaded. */
export class ReplicaReader {
  readonly #options: SectionOptions
  readonly #deps: SectionDeps
  readonly #epochs: EpochTracker
  readonly #replicas: ReplicaTable
  readonly #acceptAnswer: (state: SectionState, asOf: number) => boolean

  constructor(
    options: SectionOptions,
    deps: SectionDeps,
    parts: { readonly epochs: EpochTracker; readonly replicas: ReplicaTable },
    acceptAnswer: (state: SectionState, asOf: number) => boolean,
  ) {
    this.#options = options
    this.#deps = deps
    this.#epochs = parts.epochs
    this.#replicas = parts.replicas
    this.#acceptAnswer = acceptAnswer
  }

  /** How many exist of those that are held. */
  get heldCount(): number {
    return this.#replicas.heldCount
  }

  /** Who watches single documents, in the order of their changes. */
  get observers(): DocumentObservers {
    return this.#replicas.observers
  }

  /** What is known of a document right now. */
  peek(key: string): Replica | undefined {
    const replica = this.#replicas.find(key)
    if (replica) return replica.known ? replica : undefined
    return this.#replicas.complete ? this.#replicas.createAbsent(key) : undefined
  }

  /** What may be read of a document without asking: it is known and has not lapsed. */
  peekFresh(key: string): Replica | undefined {
    const replica = this.peek(key)
    if (!replica || this.#replicas.expiry.isExpired(replica)) return undefined
    this.#replicas.expiry.touch(replica)
    replica.recentlyRead = true
    return replica
  }

  /** The document's replica, once something is known of it that has not lapsed. */
  async acquire(key: string): Promise<Replica> {
    const found = this.#replicas.find(key)
    const replica = found ?? this.#replicas.add(key)
    if (replica.loadFailure) this.#replicas.load(replica)
    else if (this.#replicas.expiry.isExpired(replica) && replica.pendingLoad === 0)
      this.#replicas.reload(replica, 'expired')
    if (found) found.recentlyRead = true
    const isReadable = (): boolean => replica.known && !this.#replicas.expiry.isExpired(replica)
    if (!isReadable()) await this.#replicas.waitUntil(replica, isReadable)
    this.#replicas.expiry.touch(replica)
    return replica
  }

  /** The document's replica with nothing under way: what a write may be built on. */
  async acquireSettled(key: string): Promise<Replica> {
    const replica = await this.acquire(key)
    if (!replica.settled) await this.#replicas.waitUntil(replica, () => replica.settled)
    return replica
  }

  /** Loads the document anew. Resolves when that, or something newer, is held. */
  async refresh(key: string): Promise<Replica> {
    let replica = await this.acquire(key)
    // it may have been let go on the way back from there
    while (this.#replicas.find(key) !== replica) replica = await this.acquire(key)
    // one that is under way may have been answered before this call
    const before = this.#replicas.loadCount
    while (replica.lastLoad <= before) {
      if (replica.pendingLoad === 0) this.#replicas.reload(replica, replica.reloadReason)
      const { pendingLoad } = replica
      await this.#replicas.waitUntil(replica, () => replica.pendingLoad !== pendingLoad)
      // what asking again cannot mend is not asked again
      if (replica.loadFailure) throw replica.loadFailure.cause
    }
    await this.#replicas.waitUntil(replica, () => replica.settled)
    return replica
  }

  /** Lets go of what is held of a document. What has to stay is loaded anew: resolves when that, or something newer, is held. */
  async evict(key: string): Promise<void> {
    const replica = this.#replicas.find(key)
    const released = replica ? this.#replicas.release(replica) : this.#options.replicate === 'on-demand'
    if (!released) await this.refresh(key)
  }

  /** What is held of a document is wrong: it is loaded anew, and whoever watches is told what it is. */
  markCorrupt(replica: Replica): void {
    const { key, version } = replica
    this.#deps.emit({ ...this.#options.ref, type: 'inconsistent', key, version })
    this.#replicas.markCorrupt(replica)
  }

  /** What is held of a document may have come to its end: the store is asked. */
  verifyExpiry(replica: Replica): void {
    if (replica.pendingLoad === 0) this.#replicas.reload(replica, 'expired')
  }

  /**
   * A document as it is now, without holding it from now on. What is read of the answer is read at once: it may live on.
   * `suffices`: will what is held do, where it can be read?
   */
  async readTransient(key: string, suffices: (held: Replica) => boolean = () => true): Promise<Replica> {
    const held = this.peek(key)
    if (held?.settled && !this.#replicas.expiry.isExpired(held) && suffices(held)) return held
    for (;;) {
      const { switches } = this.#epochs
      const loaded = await this.#deps.loadBatcher.load({ ...this.#options.ref, key })
      if (!this.#acceptAnswer(loaded.state, switches)) continue
      const transient = this.#replicas.create(key)
      transient.install(loaded, this.#deps.runtime.elapsed())
      return transient
    }
  }

  /**
   * How far the section is in the history that we were in at that adoption: what lists its keys does not say of which history
   * they are. `undefined`: we are in another one by now, and what was listed before has to be listed again.
   */
  async confirmEpoch(asOf: number): Promise<number | undefined> {
    const [head] = await this.#deps.retryingStore.read((store) => store.heads([{ scope: this.#options.ref }]))
    const { state } = head as Head
    return this.#acceptAnswer(state, asOf) && this.#epochs.switches === asOf ? state.sequence : undefined
  }

  /** The keys of the documents that exist, of those that are held. */
  heldKeys(): string[] {
    return this.#replicas.listKeys()
  }

  /** The keys of all documents that the store has, or of those whose key begins so. */
  async listKeys(prefix?: string): Promise<string[]> {
    const { retryingStore } = this.#deps
    const options = prefix === undefined ? {} : { prefix }
    return retryingStore.read(async (store) => {
      const keys: string[] = []
      for await (const key of store.keys(this.#options.ref, options)) keys.push(key)
      return keys
    })
  }
}
