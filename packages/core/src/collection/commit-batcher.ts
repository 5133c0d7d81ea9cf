import { runInMicrotask } from '../model/run-in-microtask.ts'
import type { RetryingStore } from '../replica/retrying-store.ts'
import type { CommitRequest, CommitResult } from '../transport/store.ts'

const MAX_IN_FLIGHT = 4
const MAX_REQUESTS = 64
const MAX_CHARACTERS = 256 * 1024

interface QueuedCommit {
  readonly request: CommitRequest
  readonly resolve: (result: CommitResult) => void
  readonly reject: (error: unknown) => void
}

/**
 * Group commit: writes to different documents that wait while calls are in flight are sent together. It has no timer: a
 * lone write is sent at the end of its turn of the event loop.
 */
export class CommitBatcher {
  readonly #retryingStore: RetryingStore
  #queue: QueuedCommit[] = []
  #inFlight = 0
  #scheduled = false

  constructor(retryingStore: RetryingStore) {
    this.#retryingStore = retryingStore
  }

  /**
   * Sends one request. Rejects with `SYNC_STORE_UNAVAILABLE` if the store did not answer: the outcome is unknown, and a
   * repeat needs the same operation id.
   */
  commit(request: CommitRequest): Promise<CommitResult> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ request, resolve, reject })
      if (this.#scheduled) return
      this.#scheduled = true
      runInMicrotask(() => {
        this.#scheduled = false
        this.#send()
      })
    })
  }

  #send(): void {
    while (this.#queue.length > 0 && this.#inFlight < MAX_IN_FLIGHT) void this.#sendGroup(this.#nextGroup())
  }

  #nextGroup(): QueuedCommit[] {
    let characters = 0
    let count = 0
    for (const { request } of this.#queue) {
      characters += sizeOf(request)
      if (count > 0 && (count >= MAX_REQUESTS || characters > MAX_CHARACTERS)) break
      count++
    }
    return this.#queue.splice(0, count)
  }

  async #sendGroup(group: readonly QueuedCommit[]): Promise<void> {
    this.#inFlight++
    try {
      const results = await this.#retryingStore.commit(group.map(({ request }) => request))
      for (const [index, { resolve }] of group.entries()) resolve(results[index] as CommitResult)
    } catch (error) {
      for (const { reject } of group) reject(error)
    } finally {
      this.#inFlight--
      this.#send()
    }
  }
}

const sizeOf = ({ fields }: CommitRequest): number =>
  fields.reduce(
    (sum, { field, whole, delta }) => sum + field.length + (whole?.length ?? 0) + (delta?.ops.length ?? 0),
    0,
  )
