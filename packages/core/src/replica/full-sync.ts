import type { ReplicaReader } from './replica-reader.ts'
import type { ReplicaTable } from './replica-table.ts'
import type { SectionOptions } from './section-deps.ts'

const MAX_CONCURRENT = 500

/** Caches every document of a section with `replicate: 'all'`. */
export class FullSync {
  readonly #options: SectionOptions
  readonly #parts: FullSyncParts
  #runCount = 0
  #current: Promise<void> | undefined

  constructor(options: SectionOptions, parts: FullSyncParts) {
    this.#options = options
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
    const { reader, replicas } = this.#parts
    for (let listed: number | undefined; listed === undefined; ) {
      listed = await reader.forEachKeyPage((keys) => this.#acquireAll(keys))
      // a later run, for a later history, has replaced this one
      if (runNumber !== this.#runCount) return this.#current
    }
    replicas.complete = true
    replicas.evictAbsent()
  }

  async #acquireAll(keys: readonly string[]): Promise<void> {
    for (let at = 0; at < keys.length; at += MAX_CONCURRENT)
      await Promise.all(keys.slice(at, at + MAX_CONCURRENT).map((key) => this.#parts.reader.acquire(key)))
  }
}

/** Collaborators of {@link FullSync}. */
interface FullSyncParts {
  readonly reader: ReplicaReader
  readonly replicas: ReplicaTable
}
