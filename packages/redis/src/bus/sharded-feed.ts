import type { Connection } from '../connection/connection.ts'
import { retryDelay } from '../connection/retry-delay.ts'
import { channelOfStream } from '../names.ts'
import { toldEntry } from '../stream-append.ts'
import { Channels } from './channels.ts'
import { compareIds, START } from './entry-id.ts'
import type { Standing } from './standing.ts'
import { pause, type StreamHearers } from './stream-hearers.ts'
import type { StreamFeed } from './stream-reader.ts'

/** A stream whose channel is heard. */
interface Heard {
  readonly stream: StreamHearers
  reading: boolean
  /** Something may have come that the page which is being read does not have. */
  again: boolean
}

/**
 * Sharded channels of a cluster, on which each entry comes with the id of the one before. Where that is not the last one here,
 * and after every new subscription, what is between is read from the stream. What comes meanwhile is not kept: it is read too.
 */
export class ShardedFeed implements StreamFeed {
  readonly #channels: Channels
  readonly #standing: Standing
  readonly #heard = new Set<Heard>()
  /** Those that may lack entries: all of it counts as down until they are read. */
  readonly #unread = new Set<Heard>()
  #live = false

  constructor(listening: Connection, onError: (error: unknown) => void, standing: Standing) {
    this.#standing = standing
    this.#channels = new Channels(listening, onError, (state) => {
      this.#live = state === 'up'
      if (this.#live) for (const heard of this.#heard) void this.#recover(heard)
      this.#tell()
    })
  }

  async follow(stream: StreamHearers): Promise<() => void> {
    const heard = { stream, reading: false, again: false }
    const leave = await this.#channels.listen(channelOfStream(stream.name), (message) => this.#take(heard, message))
    this.#heard.add(heard)
    const end = (): void => {
      this.#heard.delete(heard)
      this.#unread.delete(heard)
      this.#tell()
      void leave()
    }
    try {
      // what came before the channel was heard; who may not read is told now
      if (await stream.readOn()) void this.#read(heard)
      return end
    } catch (error) {
      end()
      throw error
    }
  }

  close(): void {
    this.#channels.close()
    this.#heard.clear()
  }

  #take(heard: Heard, message: string): void {
    const { stream } = heard
    const told = toldEntry(message)
    if (told?.previous === stream.cursor) stream.take([told])
    // one that has none before it may be of a new stream, whose ids need not be higher
    else if (!told || told.previous === START || compareIds(told.id, stream.cursor) > 0) void this.#read(heard)
  }

  async #recover(heard: Heard): Promise<void> {
    this.#unread.add(heard)
    await this.#read(heard)
  }

  /** Reads to the end of the stream. */
  async #read(heard: Heard): Promise<void> {
    heard.again = true
    if (heard.reading) return
    heard.reading = true
    for (let attempt = 0; heard.again && this.#heard.has(heard); ) {
      heard.again = false
      try {
        if (await heard.stream.readOn()) heard.again = true
        attempt = 0
      } catch {
        heard.again = true
        this.#unread.add(heard)
        this.#tell()
        await pause(retryDelay(attempt++))
      }
    }
    heard.reading = false
    this.#unread.delete(heard)
    this.#tell()
  }

  #tell(): void {
    this.#standing.is(this.#live && this.#unread.size === 0)
  }
}
