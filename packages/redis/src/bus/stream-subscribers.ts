import type { FrameHandler, Scope } from '@sync/core/adapter'
import type { Connection } from '../connection/connection.ts'
import { compareEntryIds, STREAM_START } from './entry-id.ts'
import { endsBefore, readPageAfter } from './stream-pages.ts'
import type { StreamEntry } from './stream-replies.ts'

/** One who hears a stream. */
export interface StreamSubscriber {
  /** The key as JSON, of the scope of one document. */
  readonly key: string | undefined
  readonly handler: FrameHandler
  /** The last entry that it was shown, or need not be. */
  position: string
  /** Still reads what was there before: what is read for all is not for it yet. */
  catchingUp: boolean
}

/** What those who hear a stream need. */
export interface StreamSubscribersContext {
  readonly commands: Connection
  readonly onError: (error: unknown) => void
  /** Entries are gone that somebody was not shown. */
  readonly onGap: () => void
}

/**
 * Those who hear one stream, and how far they are. It is read once for all of them, from a cursor; one who begins earlier
 * reads up to it alone.
 */
export class StreamSubscribers {
  readonly name: string
  readonly #context: StreamSubscribersContext
  readonly #subscribers = new Set<StreamSubscriber>()
  #cursor: string

  constructor(name: string, cursor: string, context: StreamSubscribersContext) {
    this.name = name
    this.#cursor = cursor
    this.#context = context
  }

  /** The last entry that was read for all. */
  get cursor(): string {
    return this.#cursor
  }

  get size(): number {
    return this.#subscribers.size
  }

  /** One who begins after an entry has to catch up; all others hear what is read for all from now on. */
  add(scope: Scope, handler: FrameHandler, after: string | undefined): StreamSubscriber {
    const key = 'key' in scope ? JSON.stringify(scope.key) : undefined
    const subscriber = { key, handler, position: after ?? STREAM_START, catchingUp: after !== undefined }
    this.#subscribers.add(subscriber)
    return subscriber
  }

  remove(subscriber: StreamSubscriber): void {
    this.#subscribers.delete(subscriber)
  }

  clear(): void {
    this.#subscribers.clear()
  }

  /** Shows entries to all who are not behind. Those that were read already are passed over. */
  deliver(entries: readonly StreamEntry[]): void {
    for (const entry of entries) {
      if (!this.#isNew(entry)) continue
      this.#cursor = entry.id
      for (const subscriber of [...this.#subscribers]) if (!subscriber.catchingUp) this.#deliverTo(subscriber, entry)
    }
  }

  /** The stream is another one, which ends here: nothing before is waited for. */
  resetTo(lastId: string): void {
    this.#cursor = lastId
    for (const subscriber of this.#subscribers) subscriber.position = lastId
  }

  /** Reads a page for all. Resolves with whether there may be more. */
  async readNextPage(): Promise<boolean> {
    const from = this.#cursor
    const { entries, full, gap } = await readPageAfter(this.#context.commands, this.name, from)
    const advanced = this.#cursor !== from
    if (gap) {
      if (!advanced && endsBefore(from, gap)) this.resetTo(gap.last)
      this.#context.onGap()
    }
    // what was taken meanwhile need not be of the same history: the page goes on from it only if it has it
    if (advanced && !entries.some(({ id }) => id === this.#cursor)) return entries.some((entry) => this.#isNew(entry))
    this.deliver(entries)
    return full
  }

  /** Reads from the hearer's own position until it stands where all stand. */
  async catchUp(subscriber: StreamSubscriber): Promise<void> {
    while (subscriber.catchingUp && this.#subscribers.has(subscriber)) {
      const sharedCursor = this.#cursor
      try {
        const { entries, gap } = await readPageAfter(this.#context.commands, this.name, subscriber.position)
        if (gap) this.#context.onGap()
        for (const entry of entries) this.#deliverTo(subscriber, entry)
        // what was read for all until then was taken away; where they have gone back since, it is with them
        if (entries.length === 0 && (gap || compareEntryIds(subscriber.position, sharedCursor) < 0))
          subscriber.position = compareEntryIds(sharedCursor, this.#cursor) < 0 ? sharedCursor : this.#cursor
        subscriber.catchingUp = compareEntryIds(subscriber.position, this.#cursor) < 0
      } catch {
        await sleep()
      }
    }
  }

  #isNew({ id }: StreamEntry): boolean {
    return compareEntryIds(id, this.#cursor) > 0
  }

  #deliverTo(subscriber: StreamSubscriber, { id, key, frame }: StreamEntry): void {
    if (compareEntryIds(id, subscriber.position) <= 0) return
    subscriber.position = id
    if (subscriber.key !== key || !this.#subscribers.has(subscriber)) return
    try {
      subscriber.handler(frame, id)
    } catch (error) {
      this.#context.onError(error)
    }
  }
}

/** Before what failed is asked again: whether the line is up again is not ours to know. */
export const sleep = (ms = 20): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref())
