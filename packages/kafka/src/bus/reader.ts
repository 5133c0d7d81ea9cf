import type { FrameHandler } from '@sync/core/adapter'
import { type KafkaClient, KafkaFailure, type ReadAnswer } from '../client/client.ts'
import { Ear } from './ear.ts'
import { type Cursor, Feed } from './feed.ts'
import { Marks, readOffset } from './offset.ts'
import type { Pauses } from './pause.ts'
import { Poll, type PollOwner } from './poll.ts'
import { replayFrom } from './replay.ts'
import type { Topics } from './topics.ts'

/** What a reader works with. */
export interface ReaderOptions {
  readonly client: KafkaClient
  readonly topics: Topics
  readonly pauses: Pauses
  readonly onError: (error: unknown) => void
  /** Is everything that is followed being read? */
  readonly told: (state: 'up' | 'down') => void
}

/** What is to be heard. */
export interface Hearing {
  readonly topic: string
  readonly key: string
  readonly handler: FrameHandler
  readonly after: string | undefined
}

/** How often a topic is looked at for partitions that were added to it, in ms. */
const LOOK = 30_000

/** The pauses after reads that failed, in ms. */
const [FIRST_PAUSE, LONGEST_PAUSE] = [20, 500]

/** Reads the topics that somebody hears, each once, whatever the number of subscriptions. */
export class Reader implements PollOwner {
  readonly client: KafkaClient
  readonly #options: ReaderOptions
  readonly #feeds = new Map<string, Feed>()
  readonly #polls = new Map<number, Poll>()
  /** What could not be read when it was tried last. */
  readonly #broken = new Map<Cursor, number>()
  readonly #catchingUp = new Set<Promise<void>>()
  readonly #looking: NodeJS.Timeout
  #closed = false

  constructor(options: ReaderOptions) {
    this.client = options.client
    this.#options = options
    this.#looking = setInterval(() => {
      // who only writes has to know of them too: keys move
      for (const name of new Set([...this.#feeds.keys(), ...options.topics.names])) void this.#look(name)
    }, LOOK)
    this.#looking.unref()
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Resolves when nothing that comes from now on is missed; the returned function ends it. */
  async listen({ topic: name, key, handler, after }: Hearing): Promise<() => void> {
    const marks = after === undefined ? undefined : readOffset(after)
    const topic = await this.#options.topics.get(name)
    const bounds = await this.client.bounds(topic)
    const ends = bounds.map(({ end }) => end)
    if (marks) await replayFrom({ client: this.client, topic, bounds, marks })
    if (this.#closed) throw new KafkaFailure('away', 'closed')
    const from = marks ? ends.map((_, at) => marks[at]?.next ?? 0) : ends
    const own = marks && new Marks(marks)
    const ear = new Ear({ key, handler, from, marks: own, onError: this.#options.onError })
    const feed = this.#feeds.get(name) ?? this.#open(name, new Feed(topic, ends))
    feed.add(ear)
    const stop = (): void => {
      ear.stop()
      feed.remove(ear)
      if (feed.empty) this.#drop(name, feed)
    }
    if (own) this.#catchUp(feed, ear, own)
    try {
      // a connection that is only being made would not tell of its end
      await feed.started
      return stop
    } catch (error) {
      stop()
      throw error
    }
  }

  /** Nothing is handed over from now on. */
  stop(): void {
    this.#closed = true
    clearInterval(this.#looking)
    for (const feed of this.#feeds.values()) feed.fail(new KafkaFailure('away', 'closed'))
  }

  /** Settles when nothing is under way any more; the client has to be closed for that. */
  async ended(): Promise<void> {
    await Promise.all([...[...this.#polls.values()].map((poll) => poll.ended()), ...this.#catchingUp])
  }

  hurried(cursors: ReadonlySet<Cursor>): boolean {
    return [...cursors].some(
      (cursor) => this.#broken.has(cursor) || this.#feeds.get(cursor.topic)?.waitsFor(cursor) === true,
    )
  }

  answered(cursors: ReadonlySet<Cursor>, answers: readonly (ReadAnswer & { readonly point: Cursor })[]): void {
    this.#mended(cursors)
    for (const cursor of cursors) this.#feeds.get(cursor.topic)?.read(cursor)
    for (const answer of answers) this.#feeds.get(answer.point.topic)?.deliver(answer.point, answer)
  }

  async failed(poll: Poll, cursors: ReadonlySet<Cursor>, error: unknown): Promise<void> {
    const wasUp = this.#broken.size === 0
    const followed = [...cursors].filter((cursor) => this.#feeds.get(cursor.topic)?.cursors.includes(cursor))
    let pause = FIRST_PAUSE
    for (const cursor of followed) {
      pause = Math.min(this.#broken.get(cursor) ?? FIRST_PAUSE, LONGEST_PAUSE)
      this.#broken.set(cursor, pause * 2)
      this.#feeds.get(cursor.topic)?.fail(error)
    }
    if (wasUp && this.#broken.size > 0) this.#options.told('down')
    if (error instanceof KafkaFailure && error.kind === 'away') this.client.drop(poll.leader)
    if (error instanceof KafkaFailure && error.kind === 'range') await this.#correct(followed).catch(() => {})
    else {
      await this.#options.pauses.pause(pause)
      await Promise.all([...new Set(followed.map(({ topic }) => topic))].map((name) => this.#look(name)))
    }
  }

  #open(name: string, feed: Feed): Feed {
    this.#feeds.set(name, feed)
    for (const cursor of feed.cursors) this.#pollOf(cursor.leader).add(cursor)
    return feed
  }

  #drop(name: string, feed: Feed): void {
    if (this.#feeds.get(name) !== feed) return
    this.#feeds.delete(name)
    for (const cursor of feed.cursors) this.#pollOf(cursor.leader).remove(cursor)
    this.#mended(new Set(feed.cursors))
  }

  #pollOf(leader: number): Poll {
    const poll = this.#polls.get(leader) ?? new Poll(leader, this)
    this.#polls.set(leader, poll)
    return poll
  }

  #mended(cursors: ReadonlySet<Cursor>): void {
    if (this.#broken.size === 0) return
    for (const cursor of cursors) this.#broken.delete(cursor)
    if (this.#broken.size === 0 && !this.#closed) this.#options.told('up')
  }

  /** Who leads now? Partitions move to the poll of their leader. */
  async #look(name: string): Promise<void> {
    const topic = await this.#options.topics.look(name).catch(() => undefined)
    const feed = this.#feeds.get(name)
    if (!topic || !feed || this.#closed) return
    const before = new Map(feed.cursors.map((cursor) => [cursor, cursor.leader]))
    const { added, gone } = feed.update(topic)
    for (const [cursor, leader] of before) {
      if (leader === cursor.leader) continue
      this.#pollOf(leader).remove(cursor)
      this.#pollOf(cursor.leader).add(cursor)
    }
    for (const cursor of added) this.#pollOf(cursor.leader).add(cursor)
    for (const cursor of gone) this.#pollOf(cursor.leader).remove(cursor)
    this.#mended(new Set(gone))
  }

  /** Offsets that are not there: the log was trimmed beyond them, lost its end, or is another one. Goes on where there is something. */
  async #correct(cursors: readonly Cursor[]): Promise<void> {
    for (const [name, wanted] of Map.groupBy(cursors, ({ topic }) => topic)) {
      const bounds = await this.client.bounds(wanted)
      for (const [at, cursor] of wanted.entries()) {
        const { first = 0, end = 0 } = bounds[at] ?? {}
        if (cursor.next < first || cursor.next > end)
          this.#feeds.get(name)?.jump(cursor, cursor.next < first ? first : end)
      }
    }
  }

  #catchUp(feed: Feed, ear: Ear, marks: Marks): void {
    for (const cursor of feed.cursors) {
      if ((ear.next[cursor.partition] ?? 0) >= cursor.next) continue
      ear.behind.add(cursor.partition)
      const work = this.#readBehind(cursor, ear, marks).finally(() => this.#catchingUp.delete(work))
      this.#catchingUp.add(work)
    }
  }

  async #readBehind(cursor: Cursor, ear: Ear, marks: Marks): Promise<void> {
    const { partition } = cursor
    const on = (): boolean => !ear.stopped && !this.#closed
    while (on() && (ear.next[partition] ?? 0) < cursor.next) {
      const points = [{ ...cursor, next: ear.next[partition] ?? 0 }]
      try {
        const [answer] = await this.client.read({ leader: cursor.leader, lane: 'joining', wait: 0, points })
        for (const record of answer?.records ?? []) {
          if (!on() || record.offset >= cursor.next) break
          marks.set(partition, { next: record.offset + 1, time: record.time })
          if (record.key === ear.key) ear.hear(partition, record, marks.text)
        }
        // what has no record for anybody is passed over too
        const next = Math.min(answer?.next ?? 0, cursor.next)
        if (on()) ear.next[partition] = Math.max(ear.next[partition] ?? 0, next)
      } catch (error) {
        if (!on()) return
        if (error instanceof KafkaFailure && error.kind === 'range') {
          // trimmed while it was being read: as with what is lost on the way
          this.#options.told('down')
          this.#options.told('up')
          break
        }
        await this.#options.pauses.pause(LONGEST_PAUSE / 4)
      }
    }
    ear.behind.delete(partition)
  }
}
