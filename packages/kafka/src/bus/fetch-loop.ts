import { type FetchResult, type KafkaClient, KafkaFailure } from '../client/client.ts'
import type { Cursor } from './topic-feed.ts'

/** Owner of a {@link FetchLoop}: handles its results and failures. */
export interface FetchLoopOwner {
  readonly client: KafkaClient
  readonly closed: boolean
  /** Called when a read of these partitions succeeded. */
  onFetched(cursors: ReadonlySet<Cursor>, results: readonly (FetchResult & { readonly position: Cursor })[]): void
  /** Called when a read failed. Resolves, after a pause, when the loop may retry. */
  onFetchFailed(loop: FetchLoop, cursors: ReadonlySet<Cursor>, error: unknown): Promise<void>
  /** True if the broker should answer immediately, because a caller waits for one of the partitions. */
  isUrgent(cursors: ReadonlySet<Cursor>): boolean
}

/**
 * Maximum time that a broker waits for new records, in milliseconds: `live` for the running read, `joining` for partitions that
 * wait to join it, `alone` for a partition that is read in isolation.
 */
const MAX_WAIT_MS = { live: 500, joining: 20, alone: 0 } as const

/**
 * Reads the Kafka partitions that one broker leads, in a loop. A read in flight can neither be cancelled nor be extended by another
 * partition. A new partition is therefore read on a lane of its own until the next live read includes it.
 */
export class FetchLoop {
  readonly leader: number
  readonly #owner: FetchLoopOwner
  readonly #cursors = new Set<Cursor>()
  /** Partitions read individually until a read succeeds, because one failing partition fails a whole read. */
  readonly #isolated = new Map<Cursor, Promise<void>>()
  /** Partitions of the live read in flight. */
  #liveCursors: ReadonlySet<Cursor> = new Set()
  #joining: Promise<void> | undefined
  #running: Promise<void> | undefined

  constructor(leader: number, owner: FetchLoopOwner) {
    this.leader = leader
    this.#owner = owner
  }

  /** Adds a partition, and starts the loop if it is idle. */
  add(cursor: Cursor): void {
    this.#cursors.add(cursor)
    if (!this.#running) this.#running = this.#run()
    else this.#joining ??= this.#join()
  }

  remove(cursor: Cursor): void {
    this.#cursors.delete(cursor)
    this.#isolated.delete(cursor)
  }

  /** Resolves when no read is in flight. Closing the client ends all reads. */
  async whenIdle(): Promise<void> {
    await Promise.all([this.#running, this.#joining, ...this.#isolated.values()])
  }

  async #run(): Promise<void> {
    // include partitions that are added in the same turn of the event loop
    await undefined
    while (this.#hasWork()) {
      await this.#joining
      const requested = new Set(this.#cursors)
      this.#liveCursors = requested
      try {
        await this.#fetch('live', requested)
      } catch (error) {
        this.#liveCursors = new Set()
        // the error does not identify the partition that failed
        if (error instanceof KafkaFailure && error.kind !== 'unreachable') this.#isolate(requested)
        else if (!this.#owner.closed) await this.#owner.onFetchFailed(this, requested, error)
      }
      this.#liveCursors = new Set()
    }
    this.#running = undefined
  }

  async #join(): Promise<void> {
    await undefined
    for (;;) {
      const newCursors = new Set([...this.#cursors].filter((cursor) => !this.#liveCursors.has(cursor)))
      if (this.#liveCursors.size === 0 || newCursors.size === 0 || !this.#hasWork()) break
      try {
        await this.#fetch('joining', newCursors)
      } catch {
        // the live lane gets the same error, and handles it
        break
      }
    }
    this.#joining = undefined
  }

  #isolate(requested: ReadonlySet<Cursor>): void {
    for (const cursor of requested)
      if (this.#cursors.delete(cursor)) this.#isolated.set(cursor, this.#fetchIsolated(cursor))
  }

  async #fetchIsolated(cursor: Cursor): Promise<void> {
    await undefined
    while (this.#isolated.has(cursor) && !this.#owner.closed) {
      const requested = new Set([cursor])
      try {
        await this.#fetch('alone', requested)
        if (this.#isolated.delete(cursor)) this.add(cursor)
      } catch (error) {
        if (!this.#owner.closed) await this.#owner.onFetchFailed(this, requested, error)
      }
    }
  }

  #hasWork(): boolean {
    return this.#cursors.size > 0 && !this.#owner.closed
  }

  async #fetch(mode: keyof typeof MAX_WAIT_MS, requested: ReadonlySet<Cursor>): Promise<void> {
    const positions = [...requested].map((cursor) => ({ ...cursor, cursor }))
    const maxWaitMs = this.#owner.isUrgent(requested) ? 0 : MAX_WAIT_MS[mode]
    const lane = mode === 'live' ? 'live' : 'joining'
    const results = await this.#owner.client.fetch({ leader: this.leader, lane, maxWaitMs, positions })
    if (this.#owner.closed) return
    const resultsByCursor = results.map((result) => ({
      ...result,
      position: (result.position as (typeof positions)[number]).cursor,
    }))
    // a partition removed during the read has no subscriber left, or another loop reads it
    this.#owner.onFetched(
      requested,
      resultsByCursor.filter(({ position }) => this.#cursors.has(position) || this.#isolated.has(position)),
    )
  }
}
