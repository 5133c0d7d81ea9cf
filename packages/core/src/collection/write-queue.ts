import { ClosedError, isSyncError, LimitError, StoreUnavailableError, type SyncError } from '../model/errors.ts'
import type { WriteOptions } from './api.ts'
import { CommitLoop, type WriteDeps } from './commit-loop.ts'
import type { CommitOutcome } from './commit-outcome.ts'
import { countCombinable, createPendingWrite, outcomeUnknown, type PendingWrite } from './pending-write.ts'
import { deadlineError, withDeadline } from './with-deadline.ts'
import type { WriteOperation } from './write-operation.ts'

/** The most writes to one document that share a commit. */
export const MAX_COMBINED_WRITES = 1_000

/** What a section's writer is set to. */
export interface WriteQueueOptions {
  /** The most writes under way at once: a store that is away must not fill the memory. */
  readonly maxPendingWrites: number
  /** Do writes go one by one, because each has to answer for the document that it leaves? */
  readonly neverCombine: boolean
  readonly batching: WriteBatching | undefined
}

/** Writes to one document that are gathered before they are sent. */
export interface WriteBatching {
  /** How long the first one waits for others, in ms. */
  readonly maxWait: number
  /** How many go without waiting any longer. */
  readonly maxWrites: number
  /** Only `set`s of these fields wait; absent: every write that can be combined. */
  readonly fields: ReadonlySet<string> | undefined
}

/**
 * A section's writes. One key's run one after another, keys in parallel. Writes that wait behind a commit in flight
 * combine into the next one, where they are alike.
 */
export class WriteQueue {
  readonly #deps: WriteDeps
  readonly #options: WriteQueueOptions
  /** Queues whose writes wait for more to join them, and how to end that. */
  readonly #gathering = new Map<PendingWrite[], () => void>()
  readonly #queues = new Map<string, PendingWrite[]>()
  /** Those whose caller still waits. */
  readonly #pending = new Set<PendingWrite>()
  #opCount = 0
  /** How many wait for all writes to be over: meanwhile none waits for others to join it. */
  #activeFlushes = 0
  #closed = false

  constructor(deps: WriteDeps, options: WriteQueueOptions) {
    this.#deps = deps
    this.#options = options
  }

  /** How many writes may be under way. */
  get maxPendingWrites(): number {
    return this.#options.maxPendingWrites
  }

  /** Queues a write. The promise ends with the caller's patience; what was sent goes on until its outcome is known. */
  enqueue(key: string, operation: WriteOperation, options: WriteOptions): Promise<CommitOutcome> {
    const { retryingStore, whenUnavailable, runtime } = this.#deps
    if (this.#closed) return Promise.reject(new ClosedError('the instance is closed'))
    const { maxPendingWrites } = this
    if (this.#pending.size >= maxPendingWrites)
      return Promise.reject(new LimitError(`${maxPendingWrites} writes are under way already`))
    const failFast = whenUnavailable === 'reject' || operation.kind === 'compareAndSet'
    if (failFast && retryingStore.unavailable)
      return Promise.reject(
        new StoreUnavailableError('the store cannot be reached', 'no', { cause: retryingStore.unavailable }),
      )
    const pendingWrite = createPendingWrite(operation, options, failFast, this.#deps.section.reader.peek(key)?.value)
    const start = (): Promise<CommitOutcome> => {
      this.#addToQueue(key, pendingWrite)
      return pendingWrite.completion.promise
    }
    return withDeadline(runtime, options, start, (reason) => {
      if (pendingWrite.sent)
        return outcomeUnknown(pendingWrite, reason === 'abort' ? 'the call was aborted' : 'the time is up')
      const error = deadlineError(reason, options)
      // a flush waits for it too
      this.#reject(pendingWrite, error)
      this.#removeFromQueue(key, pendingWrite)
      return error
    })
  }

  /** Resolves when every write begun before is over and published. */
  async flush(): Promise<void> {
    this.#activeFlushes++
    this.#releaseGathered()
    await Promise.allSettled([...this.#pending].map((pendingWrite) => pendingWrite.completion.promise))
    this.#activeFlushes--
    await this.#deps.publisher.flush()
  }

  /** The store cannot be reached: those that would not wait for it end. What was sent stays in doubt. */
  onStoreUnavailable(cause: SyncError): void {
    for (const pendingWrite of [...this.#pending].filter(({ failFast }) => failFast)) {
      const error = new StoreUnavailableError('the store cannot be reached', 'no', { cause })
      this.#reject(pendingWrite, pendingWrite.sent ? outcomeUnknown(pendingWrite, 'the store did not answer') : error)
    }
  }

  /** Refuses what is still under way. */
  close(): void {
    this.#closed = true
    this.#releaseGathered()
    for (const pendingWrite of [...this.#pending]) {
      this.#reject(
        pendingWrite,
        pendingWrite.sent
          ? outcomeUnknown(pendingWrite, 'the instance was closed')
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

  /** May the head of this queue be joined by writes yet to come, and is it to wait for them? */
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
    const rejectWrite = (index: number, error: SyncError): void =>
      this.#reject(pendingWrites[index] as PendingWrite, error)
    const nextOpId = (): string => `${this.#deps.origin}.${++this.#opCount}`
    try {
      const outcome = await new CommitLoop(this.#deps, { key, liveWrites, rejectWrite }, nextOpId).run()
      for (const pendingWrite of liveWrites()) this.#resolve(pendingWrite, outcome)
    } catch (error) {
      if (isSyncError(error)) error.locate({ ...this.#deps.section.ref, key })
      for (const pendingWrite of liveWrites()) this.#reject(pendingWrite, error)
    }
  }

  #resolve(pendingWrite: PendingWrite, outcome: CommitOutcome): void {
    this.#pending.delete(pendingWrite)
    pendingWrite.completion.resolve(outcome)
  }

  #reject(pendingWrite: PendingWrite, error: unknown): void {
    this.#pending.delete(pendingWrite)
    // its caller may have gone: then nobody is there to hear of it
    pendingWrite.completion.promise.catch(() => {})
    pendingWrite.completion.reject(error)
  }
}

/** Is this a write of the kind that is gathered? */
function isGathered({ operation, options, precondition }: PendingWrite, { fields }: WriteBatching): boolean {
  if (options.idempotencyKey !== undefined || precondition) return false
  if (operation.kind === 'update') return fields === undefined
  return operation.kind === 'assign' && (!fields || Object.keys(operation.fields).every((field) => fields.has(field)))
}
