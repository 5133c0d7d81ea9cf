import { Committer } from '../collection/committer.ts'
import type { SyncError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import { Checker } from '../replica/checker.ts'
import { Loader } from '../replica/loader.ts'
import { StoreLink } from '../replica/store-link.ts'
import type { Store } from '../transport/store.ts'

/** The way to one store, with those who ask it for many at once. */
export interface StoreLine {
  readonly link: StoreLink
  readonly loader: Loader
  readonly checker: Checker
  readonly committer: Committer
}

/** What is told of each store's comings and goings. */
export interface StoreLinesListener {
  away(error: SyncError, link: StoreLink): void
  back(link: StoreLink): void
}

/** The ways to an instance's store: one, or where the store is several, one to each, so that none holds up another. */
export class StoreLines {
  readonly #store: Store
  readonly #runtime: Runtime
  readonly #listener: StoreLinesListener
  readonly #lines = new Map<Store, StoreLine>()

  constructor(store: Store, runtime: Runtime, listener: StoreLinesListener) {
    this.#store = store
    this.#runtime = runtime
    this.#listener = listener
  }

  /** The way to the store that has a partition. */
  of(partition: string): StoreLine {
    const store = this.#store.storeOf?.(partition) ?? this.#store
    const line = this.#lines.get(store) ?? this.#open(store)
    this.#lines.set(store, line)
    return line
  }

  /** Is one of them away? */
  get away(): boolean {
    return [...this.#lines.values()].some(({ link }) => link.away !== undefined)
  }

  /** Ends every wait. The store itself is closed by who owns it. */
  close(): void {
    for (const { link } of this.#lines.values()) link.close()
  }

  #open(store: Store): StoreLine {
    const link: StoreLink = new StoreLink(store, this.#runtime, {
      away: (error) => this.#listener.away(error, link),
      back: () => this.#listener.back(link),
    })
    return { link, loader: new Loader(link), checker: new Checker(link), committer: new Committer(link) }
  }
}
