import { captureContext } from '../model/async-context.ts'
import { ClosedError, isSyncError, LimitError, StoreUnavailableError, type SyncError } from '../model/errors.ts'
import type { JsonObject } from '../model/json.ts'
import type { WriteOptions } from './api.ts'
import { needsMergeBase } from './build-commit.ts'
import { CommitLoop, type WriteDeps } from './commit-loop.ts'
import type { CommitOutcome } from './commit-outcome.ts'
import {
  countCombinable,
  createPendingWrite,
  type MergeBase,
  outcomeUnknown,
  type PendingWrite,
} from './pending-write.ts'
import { deadlineError, withDeadline } from './with-deadline.ts'
import type { WriteOperation } from './write-operation.ts'

/** Maximum number of writes to one document that share a commit. */
export const MAX_COMBINED_WRITES = 1_000

/**
 * A section's writes. Writes to one key run in sequence; keys run in parallel. Writes that wait behind a commit in
 * flight are combined into the next one where possible.
 */
export class WriteQueue {
  readonly #deps: WriteDeps
  readonly #options: WriteQueueOptions
  /** Queues that are gathering writes, with the function that ends the wait. */
  readonly #gathering = new Map<PendingWrite[], () => void>()
  readonly #queues = new Map<string, PendingWrite[]>()
  /** Writes whose callers still wait. */
  readonly #pending = new Set<PendingWrite>()
  #opCount = 0
  /** Number of `flush` calls in progress. While there are any, no queue gathers writes. */
  #activeFlushes = 0
  #closed = false

  constructor(deps: WriteDeps, options: WriteQueueOptions) {
    this.#deps = deps
    this.#options = options
  }

  /** Maximum number of writes in progress. */
  get maxPendingWrites(): number {
    return this.#options.maxPendingWrites
  }

  /** True if no write waits or runs. */
  get isIdle(): boolean {
    return this.#pending.size === 0 && this.#queues.size === 0
  }

  /**
   * Queues a write. Aborting or timing out rejects the promise; a write that was already sent still runs to completion.
   * @throws LimitError (`SYNC_LIMIT`) if too many writes are in progress
   * @throws StoreUnavailableError (`SYNC_STORE_UNAVAILABLE`) if the write does not wait for an unavailable store
   */
  enqueue(key: string, operation: WriteOperation, options: WriteOptions): Promise<CommitOutcome> {
    const { section, retryingStore, whenUnavailable, runtime } = this.#deps
    if (this.#closed) return Promise.reject(new ClosedError('the instance is closed'))
    const { maxPendingWrites } = this
    const address = { ...section.ref, key }
    if (this.#pending.size >= maxPendingWrites)
      return Promise.reject(
        new LimitError(`expected at most ${maxPendingWrites} writes in progress, got one more`, { address }),
      )
    const failFast = whenUnavailable === 'reject' || operation.kind === 'compareAndSet'
    if (failFast && retryingStore.unavailable)
      return Promise.reject(
        new StoreUnavailableError('the store is unavailable', 'no', { cause: retryingStore.unavailable, address }),
      )
    const pendingWrite = createPendingWrite(
      address,
      operation,
      options,
      failFast,
      this.#baseAtCall(key, operation),
      captureContext(),
    )
    const start = (): Promise<CommitOutcome> => {
      this.#addToQueue(key, pendingWrite)
      return pendingWrite.completion.promise
    }
    return withDeadline(runtime, options, start, (reason) => {
      if (pendingWrite.sent)
        return outcomeUnknown(
          pendingWrite,
          reason === 'abort'
            ? 'the call was aborted before the store answered'
            : 'the timeout passed before the store answered',
        )
      const error = deadlineError(reason, options, address)
      // settles the completion, because a flush waits for it
      this.#reject(pendingWrite, error)
      this.#removeFromQueue(key, pendingWrite)
      return error
    })
  }

  /** Returns the document on which the caller can have based a write that merges. Loads it at once if it is not cached. */
  #baseAtCall(key: string, operation: WriteOperation): PendingWrite['baseAtCall'] {
    const { section, merge } = this.#deps
    if (!needsMergeBase(operation, merge)) return undefined
    // a document that an earlier write is creating is based on that write
    const isBeingWritten = this.#queues.has(key)
    const toBase = (value: JsonObject | undefined): MergeBase | undefined =>
      value || !isBeingWritten ? { value } : undefined
    const cached = section.reader.peek(key)
    if (cached) return toBase(cached.value)
    const loading = section.reader.loadValue(key).then(toBase)
    // the commit reports the error, unless the write was cancelled
    loading.catch(() => {})
    return loading
  }

  /** Resolves when every earlier write has settled and its change is published. */
  async flush(): Promise<void> {
    this.#activeFlushes++
    this.#releaseGathered()
    await Promise.allSettled([...this.#pending].map((pendingWrite) => pendingWrite.completion.promise))
    this.#activeFlushes--
    await this.#deps.publisher.flush()
  }

  /** Rejects the writes that do not wait for an unavailable store. The outcome of a sent write stays unknown. */
  onStoreUnavailable(cause: SyncError): void {
    for (const pendingWrite of [...this.#pending].filter(({ failFast }) => failFast)) {
      const error = new StoreUnavailableError('the store is unavailable', 'no', {
        cause,
        address: pendingWrite.address,
      })
      this.#reject(pendingWrite, pendingWrite.sent ? outcomeUnknown(pendingWrite, 'the store did not answer') : error)
    }
  }

  /** Rejects all writes in progress. */
  close(): void {
    this.#closed = true
    this.#releaseGathered()
    for (const pendingWrite of [...this.#pending]) {
      this.#reject(
        pendingWrite,
        pendingWrite.sent
          ? outcomeUnknown(pendingWrite, 'the instance was closed before the store answered')
          : new ClosedError('the instance is closed'),
      )
    }
  }

  #addToQueue(key: string, pendingWrite: PendingWrite): void {
    this.#pending.add(pendingWrite)
    const queue = this.#queues.get(key)
    if (queue) {
      queue.push(pendingWrite)
      if (!this.#shouldGather(queue)) this.#gathering.get(queue)?.()
    } else {
      const newQueue = [pendingWrite]
      this.#queues.set(key, newQueue)
      void this.#drain(key, newQueue)
    }
  }

  #removeFromQueue(key: string, pendingWrite: PendingWrite): void {
    const queue = this.#queues.get(key) ?? []
    const index = queue.indexOf(pendingWrite)
    if (index >= 0) queue.splice(index, 1)
  }

  async #drain(key: string, queue: PendingWrite[]): Promise<void> {
    while (queue.length > 0 && !this.#closed) {
      if (this.#shouldGather(queue)) await this.#gather(queue)
      await this.#commitGroup(key, queue.splice(0, this.#countCombinable(queue)))
    }
    this.#queues.delete(key)
  }

  #countCombinable(queue: readonly PendingWrite[]): number {
    const { merge } = this.#deps
    return countCombinable(queue, this.#options.neverCombine ? 1 : MAX_COMBINED_WRITES, (field) => merge.has(field))
  }

  /** True if the queue should wait for further writes that can join its head. */
  #shouldGather(queue: readonly PendingWrite[]): boolean {
    const { batching, neverCombine } = this.#options
    if (!batching || neverCombine || this.#closed || this.#activeFlushes > 0) return false
    if (queue.length === 0 || queue.length >= batching.maxWrites) return false
    return (
      queue.every((pendingWrite) => isGathered(pendingWrite, batching)) && this.#countCombinable(queue) === queue.length
    )
  }

  #gather(queue: PendingWrite[]): Promise<void> {
    const { maxWait } = this.#options.batching as WriteBatching
    return new Promise((resolve) => {
      const stopGathering = (): void => {
        cancel()
        this.#gathering.delete(queue)
        resolve()
      }
      const cancel = this.#deps.runtime.schedule(stopGathering, maxWait)
      this.#gathering.set(queue, stopGathering)
    })
  }

  #releaseGathered(): void {
    for (const stopGathering of [...this.#gathering.values()]) stopGathering()
  }

  async #commitGroup(key: string, batch: readonly PendingWrite[]): Promise<void> {
    let pendingWrites = batch
    const liveWrites = (): readonly PendingWrite[] => {
      if (pendingWrites.some((pendingWrite) => !this.#pending.has(pendingWrite)))
        pendingWrites = pendingWrites.filter((pendingWrite) => this.#pending.has(pendingWrite))
      return pendingWrites
    }
    if (liveWrites().length === 0) return
    const address = { ...this.#deps.section.ref, key }
    const rejectWrite = (index: number, error: SyncError): void =>
      this.#reject(pendingWrites[index] as PendingWrite, error.locate(address))
    const nextOpId = (): string => `${this.#deps.origin}.${++this.#opCount}`
    try {
      const outcome = await new CommitLoop(this.#deps, { key, liveWrites, rejectWrite }, nextOpId).run()
      for (const pendingWrite of liveWrites()) this.#resolve(pendingWrite, outcome)
    } catch (error) {
      if (isSyncError(error)) error.locate(address)
      for (const pendingWrite of liveWrites()) this.#reject(pendingWrite, error)
    }
  }

  #resolve(pendingWrite: PendingWrite, outcome: CommitOutcome): void {
    this.#pending.delete(pendingWrite)
    pendingWrite.completion.resolve(outcome)
  }

  #reject(pendingWrite: PendingWrite, error: unknown): void {
    this.#pending.delete(pendingWrite)
    // the caller may have stopped waiting, so a rejection must not be reported as unhandled
    pendingWrite.completion.promise.catch(() => {})
    pendingWrite.completion.reject(error)
  }
}

/** True if the write takes part in gathering. */
function isGathered({ operation, options, precondition }: PendingWrite, { fields }: WriteBatching): boolean {
  if (options.idempotencyKey !== undefined || precondition) return false
  if (operation.kind === 'update') return fields === undefined
  return operation.kind === 'assign' && (!fields || Object.keys(operation.fields).every((field) => fields.has(field)))
}

/** Options of {@link WriteQueue}. */
export interface WriteQueueOptions {
  /** Maximum number of writes in progress. Without a limit, an unavailable store would fill the memory. */
  readonly maxPendingWrites: number
  /** True if every write needs a commit of its own, because each is checked against the resulting document. */
  readonly neverCombine: boolean
  readonly batching: WriteBatching | undefined
}

/** Gathering of writes to one document before they are sent. */
export interface WriteBatching {
  /** Maximum time that the first write waits for others, in ms. */
  readonly maxWait: number
  /** Number of gathered writes that are sent without further delay. */
  readonly maxWrites: number
  /** Restricts gathering to `assign` calls of these fields. Absent: every write that can be combined. */
  readonly fields: ReadonlySet<string> | undefined
}
