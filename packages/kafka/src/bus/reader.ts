import type { FrameHandler, TransportState } from '@sync/core/adapter'
import { type FetchResult, type KafkaClient, KafkaFailure } from '../client/client.ts'
import { assertResumable } from './assert-resumable.ts'
import type { CancellableSleeps } from './cancellable-sleep.ts'
import { FetchLoop, type FetchLoopOwner } from './fetch-loop.ts'
import { OffsetVector, parseOffset } from './offset.ts'
import { type Cursor, TopicFeed } from './topic-feed.ts'
import { TopicSubscriber } from './topic-subscriber.ts'
import type { Topics } from './topics.ts'

/** Collaborators and callbacks of {@link Reader}. */
export interface ReaderOptions {
  readonly client: KafkaClient
  readonly topics: Topics
  readonly sleeps: CancellableSleeps
  /** Called with `down` when a read fails, and with `up` when every partition is read again. */
  readonly onState: (state: TransportState) => void
}

/** Topic, scope and handler of one subscription. */
export interface TopicSubscription {
  readonly topic: string
  /** Record key of the scope. */
  readonly key: string
  readonly handler: FrameHandler
  /** Offset to resume after; `undefined` starts with the next record. */
  readonly after: string | undefined
}

/** Interval at which topics are refreshed to detect added Kafka partitions, in milliseconds. */
const PARTITION_DISCOVERY_INTERVAL_MS = 30_000

/** First and longest pause after failed reads, in milliseconds; each failure doubles the pause. */
const [FIRST_PAUSE_MS, MAX_PAUSE_MS] = [20, 500]

/** Reads every subscribed topic once, regardless of the number of its subscriptions. */
export class Reader implements FetchLoopOwner {
  readonly client: KafkaClient
  readonly #options: ReaderOptions
  readonly #feeds = new Map<string, TopicFeed>()
  readonly #fetchLoops = new Map<number, FetchLoop>()
  /** Partitions whose latest read failed, with their next pause in milliseconds. */
  readonly #failing = new Map<Cursor, number>()
  readonly #catchingUp = new Set<Promise<void>>()
  readonly #discoveryTimer: NodeJS.Timeout
  #closed = false

  constructor(options: ReaderOptions) {
    this.client = options.client
    this.#options = options
    this.#discoveryTimer = setInterval(() => {
      // includes topics that are only written, because added partitions change where a key is written
      for (const name of new Set([...this.#feeds.keys(), ...options.topics.knownNames])) void this.#refreshTopic(name)
    }, PARTITION_DISCOVERY_INTERVAL_MS)
    this.#discoveryTimer.unref()
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Resolves to an unsubscribe function once every later record will be received. */
  async subscribe({ topic: name, key, handler, after }: TopicSubscription): Promise<() => void> {
    const offsets = after === undefined ? undefined : parseOffset(after)
    const topic = await this.#options.topics.get(name)
    const offsetRanges = await this.client.offsetRanges(topic)
    const ends = offsetRanges.map(({ end }) => end)
    if (offsets) await assertResumable({ client: this.client, topic, offsetRanges, offsets })
    if (this.#closed) throw new KafkaFailure('unreachable', 'the reader is closed')
    const startOffsets = offsets ? ends.map((_, at) => offsets[at]?.next ?? 0) : ends
    const ownOffsets = offsets && new OffsetVector(offsets)
    const subscriber = new TopicSubscriber({
      key,
      handler,
      startOffsets,
      ownOffsets,
    })
    const feed = this.#feeds.get(name) ?? this.#openFeed(name, new TopicFeed(topic, ends))
    feed.add(subscriber)
    const stop = (): void => {
      subscriber.stop()
      feed.remove(subscriber)
      if (feed.isEmpty) this.#closeFeed(name, feed)
    }
    if (ownOffsets) this.#catchUp(feed, subscriber, ownOffsets)
    try {
      // until each partition was read once, the connection may still be opening, and would not report its end
      await feed.started
      return stop
    } catch (error) {
      stop()
      throw error
    }
  }

  /** Stops all delivery. */
  stop(): void {
    this.#closed = true
    clearInterval(this.#discoveryTimer)
    for (const feed of this.#feeds.values()) feed.fail(new KafkaFailure('unreachable', 'the reader is closed'))
  }

  /** Resolves when no read is in flight. The client must be closed first. */
  async whenIdle(): Promise<void> {
    await Promise.all([...[...this.#fetchLoops.values()].map((loop) => loop.whenIdle()), ...this.#catchingUp])
  }

  isUrgent(cursors: ReadonlySet<Cursor>): boolean {
    return [...cursors].some(
      (cursor) => this.#failing.has(cursor) || this.#feeds.get(cursor.topic)?.isUnread(cursor) === true,
    )
  }

  onFetched(cursors: ReadonlySet<Cursor>, results: readonly (FetchResult & { readonly position: Cursor })[]): void {
    this.#clearFailures(cursors)
    for (const cursor of cursors) this.#feeds.get(cursor.topic)?.markRead(cursor)
    for (const result of results) this.#feeds.get(result.position.topic)?.deliver(result.position, result)
  }

  async onFetchFailed(loop: FetchLoop, cursors: ReadonlySet<Cursor>, error: unknown): Promise<void> {
    const wasUp = this.#failing.size === 0
    const current = [...cursors].filter((cursor) => this.#feeds.get(cursor.topic)?.cursors.includes(cursor))
    let pause = FIRST_PAUSE_MS
    for (const cursor of current) {
      pause = Math.min(this.#failing.get(cursor) ?? FIRST_PAUSE_MS, MAX_PAUSE_MS)
      this.#failing.set(cursor, pause * 2)
      this.#feeds.get(cursor.topic)?.fail(error)
    }
    if (wasUp && this.#failing.size > 0) this.#options.onState('down')
    if (error instanceof KafkaFailure && error.kind === 'unreachable') this.client.disconnect(loop.leader)
    if (error instanceof KafkaFailure && error.kind === 'out-of-range')
      await this.#resetOutOfRange(current).catch(() => {})
    else {
      await this.#options.sleeps.sleep(pause)
      await Promise.all([...new Set(current.map(({ topic }) => topic))].map((name) => this.#refreshTopic(name)))
    }
  }

  #openFeed(name: string, feed: TopicFeed): TopicFeed {
    this.#feeds.set(name, feed)
    for (const cursor of feed.cursors) this.#fetchLoopFor(cursor.leader).add(cursor)
    return feed
  }

  #closeFeed(name: string, feed: TopicFeed): void {
    if (this.#feeds.get(name) !== feed) return
    this.#feeds.delete(name)
    for (const cursor of feed.cursors) this.#fetchLoopFor(cursor.leader).remove(cursor)
    this.#clearFailures(new Set(feed.cursors))
  }

  #fetchLoopFor(leader: number): FetchLoop {
    const loop = this.#fetchLoops.get(leader) ?? new FetchLoop(leader, this)
    this.#fetchLoops.set(leader, loop)
    return loop
  }

  #clearFailures(cursors: ReadonlySet<Cursor>): void {
    if (this.#failing.size === 0) return
    for (const cursor of cursors) this.#failing.delete(cursor)
    if (this.#failing.size === 0 && !this.#closed) this.#options.onState('up')
  }

  /** Reads a topic's metadata, and moves each partition to the loop of its current leader. */
  async #refreshTopic(name: string): Promise<void> {
    const topic = await this.#options.topics.refresh(name).catch(() => undefined)
    const feed = this.#feeds.get(name)
    if (!topic || !feed || this.#closed) return
    const previousLeaders = new Map(feed.cursors.map((cursor) => [cursor, cursor.leader]))
    const { added, removed } = feed.applyTopic(topic)
    for (const [cursor, leader] of previousLeaders) {
      if (leader === cursor.leader) continue
      this.#fetchLoopFor(leader).remove(cursor)
      this.#fetchLoopFor(cursor.leader).add(cursor)
    }
    for (const cursor of added) this.#fetchLoopFor(cursor.leader).add(cursor)
    for (const cursor of removed) this.#fetchLoopFor(cursor.leader).remove(cursor)
    this.#clearFailures(new Set(removed))
  }

  /**
   * Moves cursors whose offset does not exist to the nearest one that does. The log was trimmed beyond them, lost its end, or was
   * created again.
   */
  async #resetOutOfRange(cursors: readonly Cursor[]): Promise<void> {
    for (const [name, outOfRange] of Map.groupBy(cursors, ({ topic }) => topic)) {
      const offsetRanges = await this.client.offsetRanges(outOfRange)
      for (const [at, cursor] of outOfRange.entries()) {
        const { first = 0, end = 0 } = offsetRanges[at] ?? {}
        if (cursor.next < first || cursor.next > end)
          this.#feeds.get(name)?.resetCursor(cursor, cursor.next < first ? first : end)
      }
    }
  }

  #catchUp(feed: TopicFeed, subscriber: TopicSubscriber, ownOffsets: OffsetVector): void {
    for (const cursor of feed.cursors) {
      if ((subscriber.next[cursor.partition] ?? 0) >= cursor.next) continue
      subscriber.catchingUp.add(cursor.partition)
      const work = this.#catchUpPartition(cursor, subscriber, ownOffsets).finally(() => this.#catchingUp.delete(work))
      this.#catchingUp.add(work)
    }
  }

  async #catchUpPartition(cursor: Cursor, subscriber: TopicSubscriber, ownOffsets: OffsetVector): Promise<void> {
    const { partition } = cursor
    const isActive = (): boolean => !subscriber.stopped && !this.#closed
    while (isActive() && (subscriber.next[partition] ?? 0) < cursor.next) {
      const positions = [{ ...cursor, next: subscriber.next[partition] ?? 0 }]
      try {
        const [result] = await this.client.fetch({ leader: cursor.leader, lane: 'joining', maxWaitMs: 0, positions })
        for (const record of result?.records ?? []) {
          if (!isActive() || record.offset >= cursor.next) break
          ownOffsets.set(partition, { next: record.offset + 1, time: record.time })
          if (record.key === subscriber.key) subscriber.receive(partition, record, ownOffsets.text)
        }
        // advance past records that are not in the result, such as control records
        const next = Math.min(result?.next ?? 0, cursor.next)
        if (isActive()) subscriber.next[partition] = Math.max(subscriber.next[partition] ?? 0, next)
      } catch (error) {
        if (!isActive()) return
        if (error instanceof KafkaFailure && error.kind === 'out-of-range') {
          // the log was trimmed during the read: report an interruption, as for any other loss
          this.#options.onState('gap')
          break
        }
        await this.#options.sleeps.sleep(MAX_PAUSE_MS / 4)
      }
    }
    subscriber.catchingUp.delete(partition)
  }
}
