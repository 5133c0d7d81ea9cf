import type { Connection } from '../connection/connection.ts'
import { retryDelay } from '../connection/retry-delay.ts'
import { streamChannel } from '../names.ts'
import { parsePushedEntry } from '../stream-entry.ts'
import { ChannelSubscriptions } from './channel-subscriptions.ts'
import type { Connectivity } from './connectivity.ts'
import { compareEntryIds, STREAM_START } from './entry-id.ts'
import type { StreamFeed } from './stream-reader.ts'
import { type StreamSubscribers, sleep } from './stream-subscribers.ts'

/** A stream whose channel is heard. */
interface FollowedStream {
  readonly stream: StreamSubscribers
  reading: boolean
  /** Something may have come that the page which is being read does not have. */
  rereadNeeded: boolean
}

/**
 * Sharded channels of a cluster, on which each entry comes with the id of the one before. Where that is not the last one here,
 * and after every new subscription, what is between is read from the stream. What comes meanwhile is not kept: it is read too.
 */
export class ShardedFeed implements StreamFeed {
  readonly #channels: ChannelSubscriptions
  readonly #connectivity: Connectivity
  readonly #followed = new Set<FollowedStream>()
  /** Those that may lack entries: all of it counts as down until they are read. */
  readonly #recovering = new Set<FollowedStream>()
  #live = false

  constructor(listening: Connection, onError: (error: unknown) => void, connectivity: Connectivity) {
    this.#connectivity = connectivity
    this.#channels = new ChannelSubscriptions(listening, onError, (state) => {
      this.#live = state === 'up'
      if (this.#live) for (const followed of this.#followed) void this.#recover(followed)
      this.#updateConnectivity()
    })
  }

  async attach(stream: StreamSubscribers): Promise<() => void> {
    const followed = { stream, reading: false, rereadNeeded: false }
    const unsubscribe = await this.#channels.subscribe(streamChannel(stream.name), (message) =>
      this.#onMessage(followed, message),
    )
    this.#followed.add(followed)
    const detach = (): void => {
      this.#followed.delete(followed)
      this.#recovering.delete(followed)
      this.#updateConnectivity()
      void unsubscribe()
    }
    try {
      // what came before the channel was heard; who may not read is told now
      if (await stream.readNextPage()) void this.#readToEnd(followed)
      return detach
    } catch (error) {
      detach()
      throw error
    }
  }

  close(): void {
    this.#channels.close()
    this.#followed.clear()
  }

  #onMessage(followed: FollowedStream, message: string): void {
    const { stream } = followed
    const entry = parsePushedEntry(message)
    if (entry?.previous === stream.cursor) stream.deliver([entry])
    // one that has none before it may be of a new stream, whose ids need not be higher
    else if (!entry || entry.previous === STREAM_START || compareEntryIds(entry.id, stream.cursor) > 0)
      void this.#readToEnd(followed)
  }

  async #recover(followed: FollowedStream): Promise<void> {
    this.#recovering.add(followed)
    await this.#readToEnd(followed)
  }

  /** Reads to the end of the stream. */
  async #readToEnd(followed: FollowedStream): Promise<void> {
    followed.rereadNeeded = true
    if (followed.reading) return
    followed.reading = true
    for (let attempt = 0; followed.rereadNeeded && this.#followed.has(followed); ) {
      followed.rereadNeeded = false
      try {
        if (await followed.stream.readNextPage()) followed.rereadNeeded = true
        attempt = 0
      } catch {
        followed.rereadNeeded = true
        this.#recovering.add(followed)
        this.#updateConnectivity()
        await sleep(retryDelay(attempt++))
      }
    }
    followed.reading = false
    this.#recovering.delete(followed)
    this.#updateConnectivity()
  }

  #updateConnectivity(): void {
    this.#connectivity.set(this.#live && this.#recovering.size === 0)
  }
}
