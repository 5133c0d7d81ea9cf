import type { Head, HeadQuery } from '../transport/store.ts'
import type { RetryingStore } from './retrying-store.ts'

/** What is asked on behalf of someone, as of now, and who takes the answers. */
export interface HeadPoll {
  readonly queries: readonly HeadQuery[]
  /** Resolves when the answers have been worked in. */
  onHeads(heads: readonly Head[]): Promise<void>
}

/** Someone who can be asked where they stand, and be told where they should. */
export interface PollTarget {
  createHeadPoll(): HeadPoll
}

interface ActivePoll {
  readonly completion: PromiseWithResolvers<void>
  readonly poll: HeadPoll
}

/** The silence check: whoever wants one in the same turn is asked about in the same call. */
export class HeadPoller {
  readonly #retryingStore: RetryingStore
  #requested = new Map<PollTarget, PromiseWithResolvers<void>>()

  constructor(retryingStore: RetryingStore) {
    this.#retryingStore = retryingStore
  }

  /** Resolves when `what` holds all that the store held at the time of this call. */
  poll(target: PollTarget): Promise<void> {
    const waiting = this.#requested.get(target)
    if (waiting) return waiting.promise
    if (this.#requested.size === 0) queueMicrotask(() => this.#flush())
    const completion = Promise.withResolvers<void>()
    this.#requested.set(target, completion)
    return completion.promise
  }

  #flush(): void {
    const polls = [...this.#requested].map(([what, completion]) => ({ completion, poll: what.createHeadPoll() }))
    this.#requested = new Map()
    void this.#send(polls)
  }

  async #send(polls: readonly ActivePoll[]): Promise<void> {
    let heads: readonly Head[]
    try {
      const queries = polls.flatMap(({ poll }) => poll.queries)
      heads = await this.#retryingStore.read((store) => store.heads(queries))
    } catch (error) {
      // one that cannot be served must not take the others with it
      if (polls.length > 1) for (const one of polls) void this.#send([one])
      else for (const { completion } of polls) completion.reject(error)
      return
    }
    let offset = 0
    for (const { completion, poll } of polls) {
      const own = heads.slice(offset, offset + poll.queries.length)
      offset += own.length
      completion.resolve(poll.onHeads(own))
    }
  }
}
