import type { Partition, ReadAnswer } from '../client/client.ts'
import type { Ear } from './ear.ts'
import { Marks } from './offset.ts'
import type { Topic } from './topics.ts'

/** How far a Kafka partition was read here. Its leader changes. */
export interface Cursor extends Partition {
  leader: number
  next: number
}

/** A topic that is read, and who hears of it. */
export class Feed {
  readonly cursors: Cursor[]
  readonly #marks: Marks
  readonly #ears = new Map<string, Set<Ear>>()
  readonly #unread: Set<Cursor>
  readonly #start = Promise.withResolvers<void>()

  constructor(topic: Topic, ends: readonly number[]) {
    this.cursors = topic.map((partition, at) => ({ ...partition, next: ends[at] ?? 0 }))
    this.#marks = new Marks(this.cursors)
    this.#unread = new Set(this.cursors)
    // nobody may be waiting for it
    this.#start.promise.catch(() => {})
  }

  /** Resolves when each of its partitions was read once. */
  get started(): Promise<void> {
    return this.#start.promise
  }

  /** Has one of these never been read? */
  waitsFor(cursor: Cursor): boolean {
    return this.#unread.has(cursor)
  }

  /** One of its partitions was read. */
  read(cursor: Cursor): void {
    if (this.#unread.delete(cursor) && this.#unread.size === 0) this.#start.resolve()
  }

  /** It could not be read; without consequence once it has started. */
  fail(error: unknown): void {
    this.#start.reject(error)
  }

  get empty(): boolean {
    return this.#ears.size === 0
  }

  add(ear: Ear): void {
    this.#ears.set(ear.key, (this.#ears.get(ear.key) ?? new Set()).add(ear))
  }

  remove(ear: Ear): void {
    const ears = this.#ears.get(ear.key)
    ears?.delete(ear)
    if (ears?.size === 0) this.#ears.delete(ear.key)
  }

  /** Hands over what was read, in its order. */
  deliver(cursor: Cursor, { records, next }: ReadAnswer): void {
    const { partition } = cursor
    for (const record of records) {
      if (record.offset < cursor.next) continue
      cursor.next = record.offset + 1
      this.#marks.set(partition, { next: cursor.next, time: record.time })
      const ears = this.#ears.get(record.key)
      if (!ears) continue
      const { text } = this.#marks
      for (const ear of [...ears]) if (!ear.behind.has(partition)) ear.hear(partition, record, text)
    }
    cursor.next = Math.max(cursor.next, next)
  }

  /** Goes on elsewhere: what is between is gone. */
  jump(cursor: Cursor, next: number): void {
    cursor.next = next
    this.#marks.set(cursor.partition, { next })
    for (const ear of [...this.#ears.values()].flatMap((each) => [...each])) ear.next[cursor.partition] = next
  }

  /** Notes who leads now. Answers partitions that were added to the topic, which are read from their beginning, and those that it has no more. */
  update(topic: Topic): { readonly added: readonly Cursor[]; readonly gone: readonly Cursor[] } {
    const gone = this.cursors.splice(topic.length)
    for (const cursor of gone) {
      // whoever still catches up there has nothing left to read
      this.jump(cursor, 0)
      this.read(cursor)
    }
    this.#marks.cut(topic.length)
    for (const { partition, leader } of topic) {
      const cursor = this.cursors[partition]
      if (cursor) cursor.leader = leader
    }
    const added = topic.slice(this.cursors.length).map((each) => ({ ...each, next: 0 }))
    for (const cursor of added) {
      this.cursors.push(cursor)
      this.#marks.set(cursor.partition, { next: 0 })
    }
    return { added, gone }
  }
}
