import type { FrameHandler, Scope } from '@sync/core/adapter'
import { checkOffset } from './entry-id.ts'
import { type HearersContext, StreamHearers } from './stream-hearers.ts'
import { extentOf } from './stream-pages.ts'

/** How one hears of new entries. */
export interface StreamFeed {
  /** Resolves when new entries of the stream are handed to its hearers; the returned function ends it. */
  follow(stream: StreamHearers): Promise<() => void>
  close(): void
}

interface Followed {
  readonly hearers: StreamHearers
  readonly live: Promise<() => void>
}

/** Follows streams: each is read once, whoever hears it. */
export class StreamReader {
  readonly #feed: StreamFeed
  readonly #context: HearersContext
  readonly #streams = new Map<string, Followed>()

  constructor(feed: StreamFeed, context: HearersContext) {
    this.#feed = feed
    this.#context = context
  }

  /** Resolves when it is live; the returned function ends it. */
  async listen(
    stream: string,
    scope: Scope,
    handler: FrameHandler,
    after: string | undefined,
  ): Promise<() => Promise<void>> {
    const extent = await extentOf(this.#context.commands, stream)
    if (after !== undefined) checkOffset(after, extent, scope)
    const followed = this.#streams.get(stream) ?? this.#follow(stream, extent.last)
    const { hearers, live } = followed
    const hearer = hearers.add(scope, handler, after)
    const stop = async (): Promise<void> => {
      hearers.remove(hearer)
      if (hearers.size > 0 || this.#streams.get(stream) !== followed) return
      this.#streams.delete(stream)
      await live.then(
        (end) => end(),
        () => {},
      )
    }
    try {
      await live
    } catch (error) {
      await stop()
      throw error
    }
    void hearers.catchUp(hearer)
    return stop
  }

  close(): void {
    this.#feed.close()
    for (const { hearers } of this.#streams.values()) hearers.clear()
    this.#streams.clear()
  }

  #follow(stream: string, cursor: string): Followed {
    const hearers = new StreamHearers(stream, cursor, this.#context)
    const followed = { hearers, live: this.#feed.follow(hearers) }
    this.#streams.set(stream, followed)
    return followed
  }
}
