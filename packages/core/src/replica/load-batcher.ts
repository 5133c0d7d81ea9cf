import type { DocumentRef } from '../model/address.ts'
import { runInMicrotask } from '../model/run-in-microtask.ts'
import type { LoadResult } from '../transport/store.ts'
import type { RetryingStore } from './retrying-store.ts'

/**
 * Maximum documents per call. Several smaller calls let the client parse the first answer while the store works on the
 * next.
 */
const MAX_BATCH = 16

interface PendingLoad {
  readonly ref: DocumentRef
  readonly resolve: (loaded: LoadResult) => void
  readonly reject: (error: unknown) => void
}

/** Loads documents, batching the requests of one turn of the event loop. */
export class LoadBatcher {
  readonly #retryingStore: RetryingStore
  #pending: PendingLoad[] = []

  constructor(retryingStore: RetryingStore) {
    this.#retryingStore = retryingStore
  }

  load(ref: DocumentRef): Promise<LoadResult> {
    return new Promise((resolve, reject) => {
      if (this.#pending.length === 0) runInMicrotask(() => this.#flush())
      this.#pending.push({ ref, resolve, reject })
    })
  }

  #flush(): void {
    const loads = this.#pending
    this.#pending = []
    for (let at = 0; at < loads.length; at += MAX_BATCH) void this.#send(loads.slice(at, at + MAX_BATCH))
  }

  async #send(loads: readonly PendingLoad[]): Promise<void> {
    try {
      const loaded = await this.#retryingStore.read((store) => store.load(loads.map(({ ref }) => ref)))
      for (const [at, { resolve }] of loads.entries()) resolve(loaded[at] as LoadResult)
    } catch (error) {
      // one load that fails must not fail the others
      if (loads.length > 1) for (const one of loads) void this.#send([one])
      else for (const { reject } of loads) reject(error)
    }
  }
}
