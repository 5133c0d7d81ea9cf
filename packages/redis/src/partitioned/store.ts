import type {
  CommitRequest,
  CommitResult,
  DocumentRef,
  Head,
  HeadQuery,
  InCommitPublisher,
  KeyPage,
  KeyQuery,
  LoadResult,
  LogPage,
  LogPosition,
  Scope,
  SectionRef,
  Store,
  StoreCapabilities,
  TouchRequest,
} from '@sync/core/adapter'
import type { PartitionRouter } from './partition-router.ts'

/** Combines stores on several servers into one. Each partition is on one of them. */
export class PartitionedStore implements Store {
  readonly capabilities: StoreCapabilities
  readonly #router: PartitionRouter<Store>

  constructor(router: PartitionRouter<Store>) {
    this.#router = router
    this.capabilities = router.main.capabilities
  }

  storeFor(partition: string): Store {
    return this.#router.memberFor(partition)
  }

  publishInCommit(publisher: InCommitPublisher): void {
    for (const store of this.#router.all) store.publishInCommit?.(publisher)
  }

  load(refs: readonly DocumentRef[]): Promise<LoadResult[]> {
    return this.#router.scatterGather(
      refs,
      ({ partition }) => partition,
      (store, part) => store.load(part),
    )
  }

  commit(group: readonly CommitRequest[]): Promise<CommitResult[]> {
    return this.#router.scatterGather(
      group,
      ({ ref }) => ref.partition,
      (store, part) => store.commit(part),
    )
  }

  changesSince(scope: Scope, after: LogPosition, limit: number): Promise<LogPage> {
    return this.#router.memberFor(scope.partition).changesSince(scope, after, limit)
  }

  heads(queries: readonly HeadQuery[]): Promise<Head[]> {
    return this.#router.scatterGather(
      queries,
      ({ scope }) => scope.partition,
      (store, part) => store.heads(part),
    )
  }

  async touch(requests: readonly TouchRequest[]): Promise<void> {
    await this.#router.scatterGather(
      requests,
      ({ ref }) => ref.partition,
      async (store, part) => {
        await store.touch(part)
        return []
      },
    )
  }

  keys(section: SectionRef, query: KeyQuery): Promise<KeyPage> {
    return this.#router.memberFor(section.partition).keys(section, query)
  }

  close(): Promise<void> {
    return this.#router.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
