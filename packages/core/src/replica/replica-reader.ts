import type { JsonObject } from '../model/json.ts'
import { KEY_PAGE_SIZE } from '../transport/list-keys.ts'
import type { SectionState } from '../versioning/section-state.ts'
import type { EpochTracker } from './epoch-tracker.ts'
import type { DocumentObservers } from './observers.ts'
import type { Replica } from './replica.ts'
import type { ReplicaTable } from './replica-table.ts'
import type { SectionDeps, SectionOptions } from './section-deps.ts'

/** Read access to a section's documents. Loads those that are not cached. */
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

  /** Number of cached documents that exist. */
  get cachedCount(): number {
    return this.#replicas.cachedCount
  }

  /** Observers of single documents. */
  get observers(): DocumentObservers {
    return this.#replicas.observers
  }

  /** Returns the replica if its state is known. */
  peek(key: string): Replica | undefined {
    const replica = this.#replicas.find(key)
    if (replica) return replica.known ? replica : undefined
    return this.#replicas.complete ? this.#replicas.createAbsent(key) : undefined
  }

  /** Returns the replica if it can be read without the store. */
  peekFresh(key: string): Replica | undefined {
    const replica = this.peek(key)
    if (!replica || !this.#isReadable(replica)) return undefined
    this.#replicas.expiry.touch(replica)
    replica.recentlyRead = true
    return replica
  }

  /** Returns the document's replica once its state is known and not expired. */
  async acquire(key: string): Promise<Replica> {
    const found = this.#replicas.find(key)
    const replica = found ?? this.#replicas.add(key)
    if (replica.loadFailure) this.#replicas.load(replica)
    else if (this.#replicas.expiry.isExpired(replica) && replica.pendingLoad === 0)
      this.#replicas.reload(replica, 'expired')
    if (found) found.recentlyRead = true
    if (!this.#isReadable(replica)) await this.#replicas.waitUntil(replica, () => this.#isReadable(replica))
    this.#replicas.expiry.touch(replica)
    return replica
  }

  /** True if the state is known, has not expired, and contains this instance's acknowledged writes. */
  #isReadable(replica: Replica): boolean {
    return replica.known && replica.showsOwnWrites && !this.#replicas.expiry.isExpired(replica)
  }

  /** Returns the settled replica, on which a write can be based. */
  async acquireSettled(key: string): Promise<Replica> {
    const replica = await this.acquire(key)
    if (!replica.settled) await this.#replicas.waitUntil(replica, () => replica.settled)
    return replica
  }

  /** Reloads the document. Resolves when that state or a newer one is cached. */
  async refresh(key: string): Promise<Replica> {
    let replica = await this.acquire(key)
    // the replica may have been evicted before this continuation ran
    while (this.#replicas.find(key) !== replica) replica = await this.acquire(key)
    // a load in flight may have been answered before this call
    const before = this.#replicas.loadCount
    while (replica.lastLoad <= before) {
      if (replica.pendingLoad === 0) this.#replicas.reload(replica, replica.reloadReason)
      const { pendingLoad } = replica
      await this.#replicas.waitUntil(replica, () => replica.pendingLoad !== pendingLoad)
      // an error that a retry cannot fix is not retried
      if (replica.loadFailure) throw replica.loadFailure.cause
    }
    await this.#replicas.waitUntil(replica, () => replica.settled)
    return replica
  }

  /** Evicts a document. One that must stay cached is reloaded; resolves when that state or a newer one is cached. */
  async evict(key: string): Promise<void> {
    const replica = this.#replicas.find(key)
    const released = replica ? this.#replicas.release(replica) : this.#options.replicate === 'on-demand'
    if (!released) await this.refresh(key)
  }

  /** Reports a corrupt replica and reloads it. Its watchers receive the corrected value. */
  markCorrupt(replica: Replica): void {
    const { key, version } = replica
    this.#deps.emit({ ...this.#options.ref, type: 'inconsistent', key, version })
    this.#replicas.markCorrupt(replica)
  }

  /** Checks with the store whether a document has expired. */
  verifyExpiry(replica: Replica): void {
    if (replica.pendingLoad === 0) this.#replicas.reload(replica, 'expired')
  }

  /**
   * Returns the current state of a document without caching it. The result may be a live replica, so the caller must
   * read it at once. `suffices`: whether a cached replica is recent enough.
   */
  async readTransient(key: string, suffices: (cached: Replica) => boolean = () => true): Promise<Replica> {
    const cached = this.peek(key)
    if (cached?.settled && !this.#replicas.expiry.isExpired(cached) && suffices(cached)) return cached
    for (;;) {
      const { switches } = this.#epochs
      const loaded = await this.#deps.loadBatcher.load({ ...this.#options.ref, key })
      if (!this.#acceptAnswer(loaded.state, switches)) continue
      const transient = this.#replicas.create(key)
      transient.install(loaded, this.#deps.runtime.elapsed())
      return transient
    }
  }

  /** Returns the document as the store has it now, without caching it or judging its epoch. */
  async loadValue(key: string): Promise<JsonObject | undefined> {
    const transient = this.#replicas.create(key)
    transient.install(await this.#deps.loadBatcher.load({ ...this.#options.ref, key }), this.#deps.runtime.elapsed())
    return transient.value
  }

  /** Returns the keys of the cached documents that exist. */
  cachedKeys(): string[] {
    return this.#replicas.listKeys()
  }

  /**
   * Returns the keys of all existing documents, or of those that begin with `prefix`, with the highest sequence that the
   * listing may reflect. A later fork below it makes the listing void. Reads them from the cache if that is complete.
   */
  async listKeys(prefix = ''): Promise<KeyListing> {
    if (this.#replicas.complete) {
      const keys = this.cachedKeys().filter((key) => key.startsWith(prefix))
      return { keys, highestSequence: this.#replicas.highestSequence }
    }
    for (;;) {
      const keys: string[] = []
      const highestSequence = await this.forEachKeyPage((page) => void keys.push(...page), prefix)
      if (highestSequence !== undefined) return { keys, highestSequence }
    }
  }

  /**
   * Calls `onPage` for each page of the section's keys in the store. Returns the sequence as of the last page, or
   * `undefined` if the epoch changed: then the listing is void and must be repeated.
   */
  async forEachKeyPage(
    onPage: (keys: readonly string[]) => Promise<void> | void,
    prefix = '',
  ): Promise<number | undefined> {
    const { switches } = this.#epochs
    let after: string | undefined
    for (;;) {
      const query = { prefix, limit: KEY_PAGE_SIZE, ...(after !== undefined && { after }) }
      const { keys, cursor, state } = await this.#deps.retryingStore.read((store) =>
        store.keys(this.#options.ref, query),
      )
      if (!this.#acceptAnswer(state, switches)) return undefined
      await onPage(keys)
      if (this.#epochs.switches !== switches) return undefined
      if (cursor === undefined) return state.sequence
      after = cursor
    }
  }
}

/** Keys of a section's documents, and the highest sequence that the listing may reflect. */
export interface KeyListing {
  readonly keys: readonly string[]
  readonly highestSequence: number
}
