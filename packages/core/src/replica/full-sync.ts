import type { Store } from '../transport/store.ts'
import type { EpochTracker } from './epoch-tracker.ts'
import type { ReplicaReader } from './replica-reader.ts'
import type { ReplicaTable } from './replica-table.ts'
import type { SectionDeps, SectionOptions } from './section-deps.ts'

const MAX_CONCURRENT = 500

/** Caches every document of a section with `replicate: 'all'`. */
export class FullSync {
  readonly #options: SectionOptions
  readonly #deps: SectionDeps
  readonly #parts: FullSyncParts
  #runCount = 0
  #current: Promise<void> | undefined

  constructor(options: SectionOptions, deps: SectionDeps, parts: FullSyncParts) {
    this.#options = options
    this.#deps = deps
    this.#parts = parts
  }

  get isRunning(): boolean {
    return this.#current !== undefined
  }

  /** Resolves when every document of the current history is cached. */
  run(): Promise<void> {
    if (this.#options.replicate !== 'all') return Promise.resolve()
    const runNumber = ++this.#runCount
    this.#parts.replicas.complete = false
    this.#current = this.#run(runNumber).finally(() => {
      if (runNumber === this.#runCount) this.#current = undefined
    })
    return this.#current
  }

  async #run(runNumber: number): Promise<void> {
    const { epochs, reader, replicas } = this.#parts
    for (let upTo: number | undefined; upTo === undefined; ) {
      const { switches } = epochs
      await this.#deps.retryingStore.read((store) => this.#acquireAll(store))
      upTo = await reader.confirmEpoch(switches)
      // a later run, for a later history, has replaced this one
      if (runNumber !== this.#runCount) return this.#current
    }
    replicas.complete = true
    replicas.evictAbsent()
  }

  async #acquireAll(store: Store): Promise<void> {
    let pending: Promise<unknown>[] = []
    for await (const key of store.keys(this.#options.ref)) {
      const acquired = this.#parts.reader.acquire(key)
      // a failure is reported by Promise.all below
      acquired.catch(() => {})
      pending.push(acquired)
      if (pending.length < MAX_CONCURRENT) continue
      await Promise.all(pending)
      pending = []
    }
    await Promise.all(pending)
  }
}

/** Collaborators of {@link FullSync}. */
interface FullSyncParts {
  readonly epochs: EpochTracker
  readonly reader: ReplicaReader
  readonly replicas: ReplicaTable
}
