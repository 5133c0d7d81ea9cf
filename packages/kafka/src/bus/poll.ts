import { type KafkaClient, KafkaFailure, type ReadAnswer } from '../client/client.ts'
import type { Cursor } from './feed.ts'

/** What a poll is part of. */
export interface PollOwner {
  readonly client: KafkaClient
  readonly closed: boolean
  /** A read of these partitions was answered. */
  answered(cursors: ReadonlySet<Cursor>, answers: readonly (ReadAnswer & { readonly point: Cursor })[]): void
  /** It was not: sees to what can be done, after a pause. */
  failed(poll: Poll, cursors: ReadonlySet<Cursor>, error: unknown): Promise<void>
  /** Is one of its partitions waited for? Then it is to answer at once. */
  hurried(cursors: ReadonlySet<Cursor>): boolean
}

/**
 * How long the broker waits for something to come, in ms: on the live lane, for partitions that wait to join it, and for one
 * that is read by itself.
 */
const WAIT = { live: 500, joining: 20, alone: 0 } as const

/**
 * Reads the partitions that one broker leads, again and again. A read that is under way cannot be called back, nor be told of
 * a further partition: that is read on a lane of its own until the next read takes all.
 */
export class Poll {
  readonly leader: number
  readonly #owner: PollOwner
  readonly #cursors = new Set<Cursor>()
  /** Each is read by itself until it could be: one that cannot be read would keep all others from being read. */
  readonly #alone = new Map<Cursor, Promise<void>>()
  #live: ReadonlySet<Cursor> = new Set()
  #joining: Promise<void> | undefined
  #running: Promise<void> | undefined

  constructor(leader: number, owner: PollOwner) {
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
    this.#alone.delete(cursor)
  }

  /** Settles when nothing is under way any more, which `close` of the client brings about. */
  async ended(): Promise<void> {
    await Promise.all([this.#running, this.#joining, ...this.#alone.values()])
  }

  async #run(): Promise<void> {
    // what is added in this turn goes along
    await undefined
    while (this.#on()) {
      await this.#joining
      const asked = new Set(this.#cursors)
      this.#live = asked
      try {
        await this.#read('live', asked)
      } catch (error) {
        this.#live = new Set()
        // which of them it is about is not told
        if (error instanceof KafkaFailure && error.kind !== 'away') this.#separate(asked)
        else if (!this.#owner.closed) await this.#owner.failed(this, asked, error)
      }
      this.#live = new Set()
    }
    this.#running = undefined
  }

  async #join(): Promise<void> {
    await undefined
    for (;;) {
      const waiting = new Set([...this.#cursors].filter((cursor) => !this.#live.has(cursor)))
      if (this.#live.size === 0 || waiting.size === 0 || !this.#on()) break
      try {
        await this.#read('joining', waiting)
      } catch {
        // the live lane meets it too, and sees to it
        break
      }
    }
    this.#joining = undefined
  }

  #separate(asked: ReadonlySet<Cursor>): void {
    for (const cursor of asked) if (this.#cursors.delete(cursor)) this.#alone.set(cursor, this.#readAlone(cursor))
  }

  async #readAlone(cursor: Cursor): Promise<void> {
    await undefined
    while (this.#alone.has(cursor) && !this.#owner.closed) {
      const asked = new Set([cursor])
      try {
        await this.#read('alone', asked)
        if (this.#alone.delete(cursor)) this.add(cursor)
      } catch (error) {
        if (!this.#owner.closed) await this.#owner.failed(this, asked, error)
      }
    }
  }

  #on(): boolean {
    return this.#cursors.size > 0 && !this.#owner.closed
  }

  async #read(how: keyof typeof WAIT, asked: ReadonlySet<Cursor>): Promise<void> {
    const points = [...asked].map((cursor) => ({ ...cursor, cursor }))
    const wait = this.#owner.hurried(asked) ? 0 : WAIT[how]
    const lane = how === 'live' ? 'live' : 'joining'
    const answers = await this.#owner.client.read({ leader: this.leader, lane, wait, points })
    if (this.#owner.closed) return
    const found = answers.map((answer) => ({ ...answer, point: (answer.point as (typeof points)[number]).cursor }))
    // one that was taken away meanwhile has nobody to hear it, or is read elsewhere
    this.#owner.answered(
      asked,
      found.filter(({ point }) => this.#cursors.has(point) || this.#alone.has(point)),
    )
  }
}
