import { backoff } from '../model/backoff.ts'
import { ClosedError, StoreAwayError, SyncError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import type { CommitRequest, CommitResult, Store } from '../transport/store.ts'

/** What a link tells of its store's comings and goings. */
export interface LinkListener {
  away(error: SyncError): void
  back(): void
}

/**
 * The way to the store: reads are asked again until answered, with jittered back-off; commits are sent once, for only
 * their writer knows what to do with an unknown outcome.
 */
export class StoreLink {
  readonly store: Store
  readonly #runtime: Runtime
  readonly #listener: LinkListener
  readonly #pauses = new Set<() => void>()
  #away: SyncError | undefined
  #reads = 0
  #closed = false

  constructor(store: Store, runtime: Runtime, listener: LinkListener) {
    this.store = store
    this.#runtime = runtime
    this.#listener = listener
  }

  /** Why the store cannot be reached; `undefined`: it answered last time. */
  get away(): SyncError | undefined {
    return this.#away
  }

  /** Is the store away, and being asked until it answers? */
  get knocking(): boolean {
    return this.#away !== undefined && this.#reads > 0
  }

  /** Asks until there is an answer. Rejects only for what asking again cannot mend, and with `SYNC_CLOSED`. */
  async read<R>(call: (store: Store) => Promise<R>): Promise<R> {
    this.#reads++
    try {
      return await this.#untilAnswered(call)
    } finally {
      this.#reads--
    }
  }

  async #untilAnswered<R>(call: (store: Store) => Promise<R>): Promise<R> {
    for (let attempt = 0; ; attempt++) {
      this.#refuseIfClosed()
      try {
        const answer = await call(this.store)
        this.#isBack()
        return answer
      } catch (cause) {
        if (cause instanceof SyncError && !cause.retryable) throw cause
        this.#isAway(cause)
      }
      await this.pause(attempt)
    }
  }

  /** Sends once. Rejects with `SYNC_STORE_AWAY` (outcome unknown) if no answer came. */
  async commit(group: readonly CommitRequest[]): Promise<CommitResult[]> {
    this.#refuseIfClosed()
    try {
      const results = await this.store.commit(group)
      this.#isBack()
      return results
    } catch (cause) {
      if (cause instanceof SyncError && !cause.retryable) throw cause
      throw this.#isAway(cause)
    }
  }

  /** Waits before attempt `attempt + 1`: longer each time, jittered, cut short by `close`. */
  pause(attempt: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel()
        this.#pauses.delete(done)
        resolve()
      }
      const cancel = this.#runtime.schedule(done, backoff(attempt, this.#runtime.random()))
      this.#pauses.add(done)
      if (this.#closed) done()
    })
  }

  /** Ends every wait. The store itself is closed by who owns it. */
  close(): void {
    this.#closed = true
    for (const done of [...this.#pauses]) done()
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw new ClosedError('the instance is closed')
  }

  #isAway(cause: unknown): SyncError {
    const error = new StoreAwayError('the store cannot be reached', 'unknown', { cause })
    if (!this.#away) this.#listener.away(error)
    this.#away = error
    return error
  }

  #isBack(): void {
    if (!this.#away) return
    this.#away = undefined
    this.#listener.back()
  }
}
