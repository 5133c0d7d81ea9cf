import { backoffDelay } from '../model/backoff.ts'
import { ClosedError, isSyncError, StoreUnavailableError, type SyncError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import type { CommitRequest, CommitResult, Store } from '../transport/store.ts'

/**
 * Client of a store. Repeats reads with jittered back-off until the store answers. Sends commits once, because only
 * their writer can handle an unknown outcome.
 */
export class RetryingStore {
  readonly store: Store
  readonly #runtime: Runtime
  readonly #listener: AvailabilityListener
  readonly #onUnavailable = new Set<() => void>()
  readonly #pendingBackOffs = new Set<() => void>()
  #unavailable: SyncError | undefined
  #activeReads = 0
  #closed = false

  constructor(store: Store, runtime: Runtime, listener: AvailabilityListener) {
    this.store = store
    this.#runtime = runtime
    this.#listener = listener
  }

  /** Error of the last call, or `undefined` if the store answered. */
  get unavailable(): SyncError | undefined {
    return this.#unavailable
  }

  /** Calls back once the store is unavailable, at once if it already is. Returns an unsubscribe function. */
  whenUnavailable(callback: () => void): () => void {
    if (this.#unavailable) callback()
    else this.#onUnavailable.add(callback)
    return () => this.#onUnavailable.delete(callback)
  }

  /** True if the store is unavailable and a read is being retried. */
  get isRetrying(): boolean {
    return this.#unavailable !== undefined && this.#activeReads > 0
  }

  /** Repeats a read until the store answers. Rejects with errors that a retry cannot fix, and with `SYNC_CLOSED`. */
  async read<R>(call: (store: Store) => Promise<R>): Promise<R> {
    this.#activeReads++
    try {
      return await this.#retryUntilAnswered(call)
    } finally {
      this.#activeReads--
    }
  }

  async #retryUntilAnswered<R>(call: (store: Store) => Promise<R>): Promise<R> {
    for (let attempt = 0; ; attempt++) {
      this.#assertOpen()
      try {
        const answer = await call(this.store)
        this.#markAvailable()
        return answer
      } catch (cause) {
        if (isSyncError(cause) && !cause.retryable) throw cause
        this.#markUnavailable(cause)
      }
      await this.backOff(attempt)
    }
  }

  /** Sends commits once. Rejects with `SYNC_STORE_UNAVAILABLE` (outcome unknown) if the store did not answer. */
  async commit(group: readonly CommitRequest[]): Promise<CommitResult[]> {
    this.#assertOpen()
    try {
      const results = await this.store.commit(group)
      this.#markAvailable()
      return results
    } catch (cause) {
      if (isSyncError(cause) && !cause.retryable) throw cause
      throw this.#markUnavailable(cause)
    }
  }

  /** Waits before attempt `attempt + 1`: longer each time, jittered. Ends early on `close`. */
  backOff(attempt: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        cancel()
        this.#pendingBackOffs.delete(finish)
        resolve()
      }
      const cancel = this.#runtime.schedule(finish, backoffDelay(attempt, this.#runtime.random()))
      this.#pendingBackOffs.add(finish)
      if (this.#closed) finish()
    })
  }

  /** Ends every wait. The instance closes the store itself. */
  close(): void {
    this.#closed = true
    for (const finish of [...this.#pendingBackOffs]) finish()
  }

  #assertOpen(): void {
    if (this.#closed) throw new ClosedError('the instance is closed')
  }

  #markUnavailable(cause: unknown): SyncError {
    const error = new StoreUnavailableError('the store is unavailable', 'unknown', { cause })
    if (!this.#unavailable) this.#listener.onUnavailable(error)
    this.#unavailable = error
    for (const callback of this.#onUnavailable) callback()
    this.#onUnavailable.clear()
    return error
  }

  #markAvailable(): void {
    if (!this.#unavailable) return
    this.#unavailable = undefined
    this.#listener.onAvailable()
  }
}

/** Notified when the store becomes unavailable or available. */
export interface AvailabilityListener {
  onUnavailable(error: SyncError): void
  onAvailable(): void
}
