import type { FetchResult, Partition } from '../client/client.ts'
import { OffsetVector } from './offset.ts'
import type { TopicSubscriber } from './topic-subscriber.ts'
import type { Topic } from './topics.ts'

/** A Kafka partition with its current leader, and the offset of the next record to read. */
export interface Cursor extends Partition {
  leader: number
  next: number
}

/** A topic that is read, with its cursors and subscribers. */
export class TopicFeed {
  readonly cursors: Cursor[]
  readonly #offsets: OffsetVector
  readonly #subscribers = new Map<string, Set<TopicSubscriber>>()
  readonly #unread: Set<Cursor>
  readonly #startSignal = Promise.withResolvers<void>()

  constructor(topic: Topic, ends: readonly number[]) {
    this.cursors = topic.map((partition, at) => ({ ...partition, next: ends[at] ?? 0 }))
    this.#offsets = new OffsetVector(this.cursors)
    this.#unread = new Set(this.cursors)
    // `started` may reject without a caller that waits for it
    this.#startSignal.promise.catch(() => {})
  }

  /** Resolves when every partition was read once; rejects if a read fails before that. */
  get started(): Promise<void> {
    return this.#startSignal.promise
  }

  /** True if the partition was never read. */
  isUnread(cursor: Cursor): boolean {
    return this.#unread.has(cursor)
  }

  /** Notes that a partition was read. */
  markRead(cursor: Cursor): void {
    if (this.#unread.delete(cursor) && this.#unread.size === 0) this.#startSignal.resolve()
  }

  /** Rejects `started` with a read error. Has no effect once the feed has started. */
  fail(error: unknown): void {
    this.#startSignal.reject(error)
  }

  get isEmpty(): boolean {
    return this.#subscribers.size === 0
  }

  add(subscriber: TopicSubscriber): void {
    this.#subscribers.set(subscriber.key, (this.#subscribers.get(subscriber.key) ?? new Set()).add(subscriber))
  }

  remove(subscriber: TopicSubscriber): void {
    const subscribers = this.#subscribers.get(subscriber.key)
    subscribers?.delete(subscriber)
    if (subscribers?.size === 0) this.#subscribers.delete(subscriber.key)
  }

  /** Delivers records to their subscribers in order, and advances the cursor. */
  deliver(cursor: Cursor, { records, next }: FetchResult): void {
    const { partition } = cursor
    for (const record of records) {
      if (record.offset < cursor.next) continue
      cursor.next = record.offset + 1
      this.#offsets.set(partition, { next: cursor.next, time: record.time })
      const subscribers = this.#subscribers.get(record.key)
      if (!subscribers) continue
      const { text } = this.#offsets
      for (const subscriber of [...subscribers])
        if (!subscriber.catchingUp.has(partition)) subscriber.receive(partition, record, text)
    }
    cursor.next = Math.max(cursor.next, next)
  }

  /** Moves a cursor, and its subscribers, to another offset. Records in between are lost. */
  resetCursor(cursor: Cursor, next: number): void {
    cursor.next = next
    this.#offsets.set(cursor.partition, { next })
    for (const subscriber of [...this.#subscribers.values()].flatMap((each) => [...each]))
      subscriber.next[cursor.partition] = next
  }

  /**
   * Applies a topic's current metadata. Updates leaders, and returns the cursors of added partitions, which are read from their
   * beginning, and those of removed ones.
   */
  applyTopic(topic: Topic): { readonly added: readonly Cursor[]; readonly removed: readonly Cursor[] } {
    const removed = this.cursors.splice(topic.length)
    for (const cursor of removed) {
      // ends catching up there: the partition has nothing left to read
      this.resetCursor(cursor, 0)
      this.markRead(cursor)
    }
    this.#offsets.truncate(topic.length)
    for (const { partition, leader } of topic) {
      const cursor = this.cursors[partition]
      if (cursor) cursor.leader = leader
    }
    const added = topic.slice(this.cursors.length).map((each) => ({ ...each, next: 0 }))
    for (const cursor of added) {
      this.cursors.push(cursor)
      this.#offsets.set(cursor.partition, { next: 0 })
    }
    return { added, removed }
  }
}
