import type { Follower } from './follower.ts'
import { isTransient, type PartitionStream, type StreamState } from './stream.ts'

/** How often a stream that is followed is asked where it stands, in ms: the last message of a burst leaves no hole behind it. */
const POLL_INTERVAL_MS = 1_000

/** Those who follow one stream, and the look after them. */
export class PartitionFollowers {
  readonly stream: PartitionStream
  readonly #followers = new Set<Follower>()
  #timer: NodeJS.Timeout | undefined
  #polling: Promise<void> | undefined

  constructor(stream: PartitionStream) {
    this.stream = stream
  }

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

  /** Has everybody caught up with where the stream stands now. */
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
    // while there is no leader nothing is stored either
    if (!isTransient(error)) for (const follower of this.#followers) follower.onSubscriptionLost()
  }

  async #pollOnce(): Promise<void> {
    if (this.#followers.size === 0) return
    const followers = [...this.#followers].map((follower) => ({ follower, lastDelivered: follower.lastSequence }))
    const state: StreamState = await this.stream.state()
    for (const { follower, lastDelivered } of followers) await follower.catchUp(state, lastDelivered)
  }
}
