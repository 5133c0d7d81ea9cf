import type { FrameHandler, Scope } from '@sync/core/adapter'
import type { Connection } from '../connection/connection.ts'
import { compareEntryIds, STREAM_START } from './entry-id.ts'
import { endsBefore, readPageAfter } from './stream-pages.ts'
import type { StreamEntry } from './stream-replies.ts'

/** One subscription to a stream. */
export interface StreamSubscriber {
  /** The document's key as JSON, if the scope is a document. */
  readonly key: string | undefined
  readonly handler: FrameHandler
  /** Id of the last entry that was delivered or skipped. */
  position: string
  /** True while it reads older entries on its own. Until then it does not get the entries read for all. */
  catchingUp: boolean
}

/** Collaborators of `StreamSubscribers`. */
export interface StreamSubscribersContext {
  readonly commands: Connection
  readonly onError: (error: unknown) => void
  /** Called when entries were removed before every subscriber got them. */
  readonly onGap: () => void
}

/**
 * The subscribers of one stream and their positions. The stream is read once for all of them, from a shared cursor. A subscriber
 * that resumes at an earlier offset reads up to the cursor on its own.
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

  /** Id of the last entry read for all subscribers. */
  get cursor(): string {
    return this.#cursor
  }

  get size(): number {
    return this.#subscribers.size
  }

  /** Adds a subscriber. With `after` it has to catch up; without, it gets the entries read from now on. */
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

  /** Delivers entries to all subscribers that are not catching up. Skips entries at or before the cursor. */
  deliver(entries: readonly StreamEntry[]): void {
    for (const entry of entries) {
      if (!this.#isNew(entry)) continue
      this.#cursor = entry.id
      for (const subscriber of [...this.#subscribers]) if (!subscriber.catchingUp) this.#deliverTo(subscriber, entry)
    }
  }

  /** Moves cursor and positions to the end of a stream that replaced the former one. */
  resetTo(lastId: string): void {
    this.#cursor = lastId
    for (const subscriber of this.#subscribers) subscriber.position = lastId
  }

  /** Reads a page for all subscribers. Resolves with true if more entries may follow. */
  async readNextPage(): Promise<boolean> {
    const from = this.#cursor
    const { entries, full, gap } = await readPageAfter(this.#context.commands, this.name, from)
    const advanced = this.#cursor !== from
    if (gap) {
      if (!advanced && endsBefore(from, gap)) this.resetTo(gap.last)
      this.#context.onGap()
    }
    // the cursor moved during the read, perhaps in another stream: the page continues it only if it contains that entry
    if (advanced && !entries.some(({ id }) => id === this.#cursor)) return entries.some((entry) => this.#isNew(entry))
    this.deliver(entries)
    return full
  }

  /** Reads from the subscriber's own position until it reaches the shared cursor. */
  async catchUp(subscriber: StreamSubscriber): Promise<void> {
    while (subscriber.catchingUp && this.#subscribers.has(subscriber)) {
      const sharedCursor = this.#cursor
      try {
        const { entries, gap } = await readPageAfter(this.#context.commands, this.name, subscriber.position)
        if (gap) this.#context.onGap()
        for (const entry of entries) this.#deliverTo(subscriber, entry)
        // the entries up to the shared cursor were removed: continue there, or at a cursor that was reset further back since
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

/** Pause before a failed read is retried. Its caller does not know when the connection is up again. */
export const sleep = (ms = 20): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref())
