import type {
  CommitRequest,
  CommitResult,
  DocumentRef,
  Head,
  HeadQuestion,
  InCommitPublisher,
  Loaded,
  LogPage,
  Place,
  Scope,
  SectionRef,
  Store,
  StoreCapabilities,
  TouchRequest,
} from '@sync/core/adapter'
import type { Pool } from './pool.ts'

/** Stores on several servers as one: each partition lies on one of them. */
export class PooledStore implements Store {
  readonly capabilities: StoreCapabilities
  readonly #pool: Pool<Store>

  constructor(pool: Pool<Store>) {
    this.#pool = pool
    this.capabilities = pool.main.capabilities
  }

  storeOf(partition: string): Store {
    return this.#pool.of(partition)
  }

  publishInCommit(publisher: InCommitPublisher): void {
    for (const store of this.#pool.all) store.publishInCommit?.(publisher)
  }

  load(refs: readonly DocumentRef[]): Promise<Loaded[]> {
    return this.#pool.ask(
      refs,
      ({ partition }) => partition,
      (store, part) => store.load(part),
    )
  }

  commit(group: readonly CommitRequest[]): Promise<CommitResult[]> {
    return this.#pool.ask(
      group,
      ({ ref }) => ref.partition,
      (store, part) => store.commit(part),
    )
  }

  changesSince(scope: Scope, after: Place, limit: number): Promise<LogPage> {
    return this.#pool.of(scope.partition).changesSince(scope, after, limit)
  }

  heads(asked: readonly HeadQuestion[]): Promise<Head[]> {
    return this.#pool.ask(
      asked,
      ({ scope }) => scope.partition,
      (store, part) => store.heads(part),
    )
  }

  async touch(requests: readonly TouchRequest[]): Promise<void> {
    await this.#pool.ask(
      requests,
      ({ ref }) => ref.partition,
      async (store, part) => {
        await store.touch(part)
        return []
      },
    )
  }

  keys(
    section: SectionRef,
    options?: { readonly prefix?: string; readonly signal?: AbortSignal },
  ): AsyncIterable<string> {
    return this.#pool.of(section.partition).keys(section, options)
  }

  close(): Promise<void> {
    return this.#pool.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
