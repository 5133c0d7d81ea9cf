import type { FrameHandler, Scope } from '@sync/core/adapter'
import type { Connection } from '../connection/connection.ts'
import { compareIds, START } from './entry-id.ts'
import { endsBefore, pageAfter } from './stream-pages.ts'
import type { StreamEntry } from './stream-replies.ts'

/** One who hears a stream. */
export interface Hearer {
  /** The key as JSON, of the scope of one document. */
  readonly key: string | undefined
  readonly handler: FrameHandler
  /** The last entry that it was shown, or need not be. */
  position: string
  /** Still reads what was there before: what is read for all is not for it yet. */
  behind: boolean
}

/** What those who hear a stream need. */
export interface HearersContext {
  readonly commands: Connection
  readonly onError: (error: unknown) => void
  /** Entries are gone that somebody was not shown. */
  readonly lost: () => void
}

/**
 * Those who hear one stream, and how far they are. It is read once for all of them, from a cursor; one who begins earlier
 * reads up to it alone.
 */
export class StreamHearers {
  readonly name: string
  readonly #context: HearersContext
  readonly #hearers = new Set<Hearer>()
  #cursor: string

  constructor(name: string, cursor: string, context: HearersContext) {
    this.name = name
    this.#cursor = cursor
    this.#context = context
  }

  /** The last entry that was read for all. */
  get cursor(): string {
    return this.#cursor
  }

  get size(): number {
    return this.#hearers.size
  }

  /** One who begins after an entry has to catch up; all others hear what is read for all from now on. */
  add(scope: Scope, handler: FrameHandler, after: string | undefined): Hearer {
    const key = 'key' in scope ? JSON.stringify(scope.key) : undefined
    const hearer = { key, handler, position: after ?? START, behind: after !== undefined }
    this.#hearers.add(hearer)
    return hearer
  }

  remove(hearer: Hearer): void {
    this.#hearers.delete(hearer)
  }

  clear(): void {
    this.#hearers.clear()
  }

  /** Shows entries to all who are not behind. Those that were read already are passed over. */
  take(entries: readonly StreamEntry[]): void {
    for (const entry of entries) {
      if (!this.#isNew(entry)) continue
      this.#cursor = entry.id
      for (const hearer of [...this.#hearers]) if (!hearer.behind) this.#show(hearer, entry)
    }
  }

  /** The stream is another one, which ends here: nothing before is waited for. */
  restart(last: string): void {
    this.#cursor = last
    for (const hearer of this.#hearers) hearer.position = last
  }

  /** Reads a page for all. Resolves with whether there may be more. */
  async readOn(): Promise<boolean> {
    const from = this.#cursor
    const { entries, full, hole } = await pageAfter(this.#context.commands, this.name, from)
    const moved = this.#cursor !== from
    if (hole) {
      if (!moved && endsBefore(from, hole)) this.restart(hole.last)
      this.#context.lost()
    }
    // what was taken meanwhile need not be of the same history: the page goes on from it only if it has it
    if (moved && !entries.some(({ id }) => id === this.#cursor)) return entries.some((entry) => this.#isNew(entry))
    this.take(entries)
    return full
  }

  /** Reads from the hearer's own position until it stands where all stand. */
  async catchUp(hearer: Hearer): Promise<void> {
    while (hearer.behind && this.#hearers.has(hearer)) {
      const reached = this.#cursor
      try {
        const { entries, hole } = await pageAfter(this.#context.commands, this.name, hearer.position)
        if (hole) this.#context.lost()
        for (const entry of entries) this.#show(hearer, entry)
        // what was read for all until then was taken away; where they have gone back since, it is with them
        if (entries.length === 0 && (hole || compareIds(hearer.position, reached) < 0))
          hearer.position = compareIds(reached, this.#cursor) < 0 ? reached : this.#cursor
        hearer.behind = compareIds(hearer.position, this.#cursor) < 0
      } catch {
        await pause()
      }
    }
  }

  #isNew({ id }: StreamEntry): boolean {
    return compareIds(id, this.#cursor) > 0
  }

  #show(hearer: Hearer, { id, key, frame }: StreamEntry): void {
    if (compareIds(id, hearer.position) <= 0) return
    hearer.position = id
    if (hearer.key !== key || !this.#hearers.has(hearer)) return
    try {
      hearer.handler(frame, id)
    } catch (error) {
      this.#context.onError(error)
    }
  }
}

/** Before what failed is asked again: whether the line is up again is not ours to know. */
export const pause = (ms = 20): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref())
