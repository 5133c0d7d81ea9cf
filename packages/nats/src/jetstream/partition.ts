import type { Follower } from './follower.ts'
import { mayPass, type PartitionStream, type StreamState } from './stream.ts'

/** How often a stream that is followed is asked where it stands, in ms: the last message of a burst leaves no hole behind it. */
const LOOK_EVERY = 1_000

/** Those who follow one stream, and the look after them. */
export class Partition {
  readonly stream: PartitionStream
  readonly #followers = new Set<Follower>()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined

  constructor(stream: PartitionStream) {
    this.stream = stream
  }

  add(follower: Follower): () => void {
    this.#followers.add(follower)
    this.#timer ??= setInterval(
      () => void this.look().catch((error: unknown) => this.#failed(error)),
      LOOK_EVERY,
    ).unref()
    return () => {
      this.#followers.delete(follower)
      follower.stop()
      if (this.#followers.size === 0) this.close()
    }
  }

  /** Has everybody caught up with where the stream stands now. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #failed(error: unknown): void {
    // while there is no leader nothing is stored either
    if (!mayPass(error)) for (const follower of this.#followers) follower.onDeaf()
  }

  async #look(): Promise<void> {
    if (this.#followers.size === 0) return
    const followers = [...this.#followers].map((follower) => ({ follower, before: follower.last }))
    const state: StreamState = await this.stream.state()
    for (const { follower, before } of followers) await follower.catchUp(state, before)
  }
}
