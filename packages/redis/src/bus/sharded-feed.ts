import type { Connection } from '../connection/connection.ts'
import { retryDelay } from '../connection/retry-delay.ts'
import { streamChannel } from '../names.ts'
import { parsePushedEntry } from '../stream-entry.ts'
import { ChannelSubscriptions } from './channel-subscriptions.ts'
import type { Connectivity } from './connectivity.ts'
import { compareEntryIds, STREAM_START } from './entry-id.ts'
import type { StreamFeed } from './stream-reader.ts'
import { type StreamSubscribers, sleep } from './stream-subscribers.ts'

/** A stream whose channel is subscribed. */
interface FollowedStream {
  readonly stream: StreamSubscribers
  reading: boolean
  /** True if the page being read may lack the newest entries. */
  rereadNeeded: boolean
}

/**
 * Feed for a cluster: sharded channels push each entry with the id of its predecessor. If that is not the last entry received, and
 * after every subscription, the missing entries are read from the stream. Entries pushed during such a read are not buffered, but
 * read too.
 */
export class ShardedFeed implements StreamFeed {
  readonly #channels: ChannelSubscriptions
  readonly #connectivity: Connectivity
  readonly #followed = new Set<FollowedStream>()
  /** Streams that may lack entries. The feed counts as down until they are read. */
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
      // reads the entries from before the subscription; a missing permission rejects here
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
    // an entry without predecessor may belong to a new stream, whose ids need not be higher
    else if (!entry || entry.previous === STREAM_START || compareEntryIds(entry.id, stream.cursor) > 0)
      void this.#readToEnd(followed)
  }

  async #recover(followed: FollowedStream): Promise<void> {
    this.#recovering.add(followed)
    await this.#readToEnd(followed)
  }

  /** Reads up to the end of the stream, and retries until it succeeds. */
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
