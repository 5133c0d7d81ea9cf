import type { FetchResult, Partition } from '../client/client.ts'
import { OffsetVector } from './offset.ts'
import type { TopicSubscriber } from './topic-subscriber.ts'
import type { Topic } from './topics.ts'

/** How far a Kafka partition was read here. Its leader changes. */
export interface Cursor extends Partition {
  leader: number
  next: number
}

/** A topic that is read, and who hears of it. */
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
    // nobody may be waiting for it
    this.#startSignal.promise.catch(() => {})
  }

  /** Resolves when each of its partitions was read once. */
  get started(): Promise<void> {
    return this.#startSignal.promise
  }

  /** Has one of these never been read? */
  isUnread(cursor: Cursor): boolean {
    return this.#unread.has(cursor)
  }

  /** One of its partitions was read. */
  markRead(cursor: Cursor): void {
    if (this.#unread.delete(cursor) && this.#unread.size === 0) this.#startSignal.resolve()
  }

  /** It could not be read; without consequence once it has started. */
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

  /** Hands over what was read, in its order. */
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

  /** Goes on elsewhere: what is between is gone. */
  resetCursor(cursor: Cursor, next: number): void {
    cursor.next = next
    this.#offsets.set(cursor.partition, { next })
    for (const subscriber of [...this.#subscribers.values()].flatMap((each) => [...each]))
      subscriber.next[cursor.partition] = next
  }

  /** Notes who leads now. Answers partitions that were added to the topic, which are read from their beginning, and those that it has no more. */
  applyTopic(topic: Topic): { readonly added: readonly Cursor[]; readonly removed: readonly Cursor[] } {
    const removed = this.cursors.splice(topic.length)
    for (const cursor of removed) {
      // whoever still catches up there has nothing left to read
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
