import { type FetchResult, type KafkaClient, KafkaFailure } from '../client/client.ts'
import type { Cursor } from './topic-feed.ts'

/** What a poll is part of. */
export interface FetchLoopOwner {
  readonly client: KafkaClient
  readonly closed: boolean
  /** A read of these partitions was answered. */
  onFetched(cursors: ReadonlySet<Cursor>, results: readonly (FetchResult & { readonly position: Cursor })[]): void
  /** It was not: sees to what can be done, after a pause. */
  onFetchFailed(loop: FetchLoop, cursors: ReadonlySet<Cursor>, error: unknown): Promise<void>
  /** Is one of its partitions waited for? Then it is to answer at once. */
  isUrgent(cursors: ReadonlySet<Cursor>): boolean
}

/**
 * How long the broker waits for something to come, in ms: on the live lane, for partitions that wait to join it, and for one
 * that is read by itself.
 */
const MAX_WAIT_MS = { live: 500, joining: 20, alone: 0 } as const

/**
 * Reads the partitions that one broker leads, again and again. A read that is under way cannot be called back, nor be told of
 * a further partition: that is read on a lane of its own until the next read takes all.
 */
export class FetchLoop {
  readonly leader: number
  readonly #owner: FetchLoopOwner
  readonly #cursors = new Set<Cursor>()
  /** Each is read by itself until it could be: one that cannot be read would keep all others from being read. */
  readonly #isolated = new Map<Cursor, Promise<void>>()
  #liveCursors: ReadonlySet<Cursor> = new Set()
  #joining: Promise<void> | undefined
  #running: Promise<void> | undefined

  constructor(leader: number, owner: FetchLoopOwner) {
    this.leader = leader
    this.#owner = owner
  }

  add(cursor: Cursor): void {
    this.#cursors.add(cursor)
    if (!this.#running) this.#running = this.#run()
    else this.#joining ??= this.#join()
  }

  remove(cursor: Cursor): void {
    this.#cursors.delete(cursor)
    this.#isolated.delete(cursor)
  }

  /** Settles when nothing is under way any more, which `close` of the client brings about. */
  async whenIdle(): Promise<void> {
    await Promise.all([this.#running, this.#joining, ...this.#isolated.values()])
  }

  async #run(): Promise<void> {
    // what is added in this turn goes along
    await undefined
    while (this.#hasWork()) {
      await this.#joining
      const requested = new Set(this.#cursors)
      this.#liveCursors = requested
      try {
        await this.#fetch('live', requested)
      } catch (error) {
        this.#liveCursors = new Set()
        // which of them it is about is not told
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
        // the live lane meets it too, and sees to it
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
    const found = results.map((answer) => ({
      ...answer,
      position: (answer.position as (typeof positions)[number]).cursor,
    }))
    // one that was taken away meanwhile has nobody to hear it, or is read elsewhere
    this.#owner.onFetched(
      requested,
      found.filter(({ position }) => this.#cursors.has(position) || this.#isolated.has(position)),
    )
  }
}
