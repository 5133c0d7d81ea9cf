import type { FrameHandler, Scope } from '@sync/core/adapter'
import { assertResumable } from './entry-id.ts'
import { readStreamRange } from './stream-pages.ts'
import { StreamSubscribers, type StreamSubscribersContext } from './stream-subscribers.ts'

/** Source of new entries. */
export interface StreamFeed {
  /** Resolves with a detach function when the feed delivers the stream's new entries to its subscribers. */
  attach(stream: StreamSubscribers): Promise<() => void>
  close(): void
}

interface AttachedStream {
  readonly subscribers: StreamSubscribers
  readonly live: Promise<() => void>
}

/** Reads streams, each once for all its subscribers. */
export class StreamReader {
  readonly #feed: StreamFeed
  readonly #context: StreamSubscribersContext
  readonly #streams = new Map<string, AttachedStream>()

  constructor(feed: StreamFeed, context: StreamSubscribersContext) {
    this.#feed = feed
    this.#context = context
  }

  /** Resolves with an unsubscribe function when the subscription is live. `after` is the offset to resume after. */
  async subscribe(
    stream: string,
    scope: Scope,
    handler: FrameHandler,
    after: string | undefined,
  ): Promise<() => Promise<void>> {
    const range = await readStreamRange(this.#context.commands, stream)
    if (after !== undefined) assertResumable(after, range, scope)
    const attached = this.#streams.get(stream) ?? this.#attach(stream, range.last)
    const { subscribers, live } = attached
    const subscriber = subscribers.add(scope, handler, after)
    const stop = async (): Promise<void> => {
      subscribers.remove(subscriber)
      if (subscribers.size > 0 || this.#streams.get(stream) !== attached) return
      this.#streams.delete(stream)
      await live.then(
        (detach) => detach(),
        () => {},
      )
    }
    try {
      await live
    } catch (error) {
      await stop()
      throw error
    }
    void subscribers.catchUp(subscriber)
    return stop
  }

  close(): void {
    this.#feed.close()
    for (const { subscribers } of this.#streams.values()) subscribers.clear()
    this.#streams.clear()
  }

  #attach(stream: string, cursor: string): AttachedStream {
    const subscribers = new StreamSubscribers(stream, cursor, this.#context)
    const attached = { subscribers, live: this.#feed.attach(subscribers) }
    this.#streams.set(stream, attached)
    return attached
  }
}
