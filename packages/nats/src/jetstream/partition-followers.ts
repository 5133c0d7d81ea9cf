import type { Follower } from './follower.ts'
import { isTransient, type PartitionStream, type StreamState } from './stream.ts'

/** Interval at which a followed stream's state is polled, in milliseconds. A lost last message leaves no gap to detect. */
const POLL_INTERVAL_MS = 1_000

/** The followers of one partition's stream, and the poll that detects lost last messages. */
export class PartitionFollowers {
  readonly stream: PartitionStream
  readonly #followers = new Set<Follower>()
  #timer: NodeJS.Timeout | undefined
  #polling: Promise<void> | undefined

  constructor(stream: PartitionStream) {
    this.stream = stream
  }

  /** Adds a follower and starts polling. Returns a function that stops and removes it. */
  add(follower: Follower): () => void {
    this.#followers.add(follower)
    this.#timer ??= setInterval(
      () => void this.poll().catch((error: unknown) => this.#onPollError(error)),
      POLL_INTERVAL_MS,
    ).unref()
    return () => {
      this.#followers.delete(follower)
      follower.stop()
      if (this.#followers.size === 0) this.close()
    }
  }

  /** Reads the stream's state and resolves once every follower has caught up with it. */
  poll(): Promise<void> {
    this.#polling ??= this.#pollOnce().finally(() => {
      this.#polling = undefined
    })
    return this.#polling
  }

  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #onPollError(error: unknown): void {
    // a stream without a leader stores nothing, so nothing can be missed
    if (!isTransient(error)) for (const follower of this.#followers) follower.onSubscriptionLost()
  }

  async #pollOnce(): Promise<void> {
    if (this.#followers.size === 0) return
    const followers = [...this.#followers].map((follower) => ({ follower, lastDelivered: follower.lastSequence }))
    const state: StreamState = await this.stream.state()
    for (const { follower, lastDelivered } of followers) await follower.catchUp(state, lastDelivered)
  }
}
