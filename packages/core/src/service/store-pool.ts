import { CommitBatcher } from '../collection/commit-batcher.ts'
import type { SyncError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import { HeadPoller } from '../replica/head-poller.ts'
import { LoadBatcher } from '../replica/load-batcher.ts'
import { RetryingStore } from '../replica/retrying-store.ts'
import type { Store } from '../transport/store.ts'

/** The way to one store, with those who ask it for many at once. */
export interface StoreClient {
  readonly retryingStore: RetryingStore
  readonly loadBatcher: LoadBatcher
  readonly headPoller: HeadPoller
  readonly commitBatcher: CommitBatcher
}

/** What is told of each store's comings and goings. */
export interface StorePoolListener {
  onUnavailable(error: SyncError, link: RetryingStore): void
  onAvailable(link: RetryingStore): void
}

/** The ways to an instance's store: one, or where the store is several, one to each, so that none holds up another. */
export class StorePool {
  readonly #store: Store
  readonly #runtime: Runtime
  readonly #listener: StorePoolListener
  readonly #clients = new Map<Store, StoreClient>()

  constructor(store: Store, runtime: Runtime, listener: StorePoolListener) {
    this.#store = store
    this.#runtime = runtime
    this.#listener = listener
  }

  /** The way to the store that has a partition. */
  clientFor(partition: string): StoreClient {
    const store = this.#store.storeFor?.(partition) ?? this.#store
    const line = this.#clients.get(store) ?? this.#open(store)
    this.#clients.set(store, line)
    return line
  }

  /** Is one of them away? */
  get isAnyUnavailable(): boolean {
    return [...this.#clients.values()].some(({ retryingStore }) => retryingStore.unavailable !== undefined)
  }

  /** Ends every wait. The store itself is closed by who owns it. */
  close(): void {
    for (const { retryingStore } of this.#clients.values()) retryingStore.close()
  }

  #open(store: Store): StoreClient {
    const retryingStore: RetryingStore = new RetryingStore(store, this.#runtime, {
      onUnavailable: (error) => this.#listener.onUnavailable(error, retryingStore),
      onAvailable: () => this.#listener.onAvailable(retryingStore),
    })
    return {
      retryingStore,
      loadBatcher: new LoadBatcher(retryingStore),
      headPoller: new HeadPoller(retryingStore),
      commitBatcher: new CommitBatcher(retryingStore),
    }
  }
}
