import { runInMicrotask } from '../model/run-in-microtask.ts'
import type { Head, HeadQuery } from '../transport/store.ts'
import type { RetryingStore } from './retrying-store.ts'

interface ActivePoll {
  readonly completion: PromiseWithResolvers<void>
  readonly poll: HeadPoll
}

/** Heartbeat check. The requests of one turn of the event loop share one call. */
export class HeadPoller {
  readonly #retryingStore: RetryingStore
  #requested = new Map<PollTarget, PromiseWithResolvers<void>>()

  constructor(retryingStore: RetryingStore) {
    this.#retryingStore = retryingStore
  }

  /** Resolves when `target` has everything that the store contained at the time of this call. */
  poll(target: PollTarget): Promise<void> {
    const waiting = this.#requested.get(target)
    if (waiting) return waiting.promise
    if (this.#requested.size === 0) runInMicrotask(() => this.#flush())
    const completion = Promise.withResolvers<void>()
    this.#requested.set(target, completion)
    return completion.promise
  }

  #flush(): void {
    const polls = [...this.#requested].map(([target, completion]) => ({ completion, poll: target.createHeadPoll() }))
    this.#requested = new Map()
    void this.#send(polls)
  }

  async #send(polls: readonly ActivePoll[]): Promise<void> {
    let heads: readonly Head[]
    try {
      const queries = polls.flatMap(({ poll }) => poll.queries)
      heads = await this.#retryingStore.read((store) => store.heads(queries))
    } catch (error) {
      // one poll that fails must not fail the others
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

/** A participant in the heartbeat check. */
export interface PollTarget {
  createHeadPoll(): HeadPoll
}

/** A target's queries, and the receiver of their answers. */
export interface HeadPoll {
  readonly queries: readonly HeadQuery[]
  /** Applies the answers. Resolves when anything that they revealed is repaired. */
  onHeads(heads: readonly Head[]): Promise<void>
}
