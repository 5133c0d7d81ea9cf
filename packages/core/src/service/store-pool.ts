import { CommitBatcher } from '../collection/commit-batcher.ts'
import type { SyncError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import { HeadPoller } from '../replica/head-poller.ts'
import { LoadBatcher } from '../replica/load-batcher.ts'
import { RetryingStore } from '../replica/retrying-store.ts'
import type { Store } from '../transport/store.ts'

/**
 * Clients of an instance's store. A store that is composed of several has one client for each, so that none delays
 * another.
 */
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

  /** Returns the client of the store that has a partition. */
  clientFor(partition: string): StoreClient {
    const store = this.#store.storeFor?.(partition) ?? this.#store
    const client = this.#clients.get(store) ?? this.#open(store)
    this.#clients.set(store, client)
    return client
  }

  /** True if any store is unavailable. */
  get isAnyUnavailable(): boolean {
    return [...this.#clients.values()].some(({ retryingStore }) => retryingStore.unavailable !== undefined)
  }

  /** Ends every wait. The instance closes the store itself. */
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

/** Client of one store, with the batchers that share it. */
export interface StoreClient {
  readonly retryingStore: RetryingStore
  readonly loadBatcher: LoadBatcher
  readonly headPoller: HeadPoller
  readonly commitBatcher: CommitBatcher
}

/** Notified when a store becomes unavailable or available. */
export interface StorePoolListener {
  onUnavailable(error: SyncError, retryingStore: RetryingStore): void
  onAvailable(retryingStore: RetryingStore): void
}
