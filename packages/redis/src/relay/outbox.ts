import type { Connection } from '../connection/connection.ts'
import { Script } from '../connection/script.ts'
import { outboxIndexes } from '../names.ts'
import { pollLua } from './lua.ts'

const poll = new Script(pollLua)

/** How many indexes one call looks at, and in how many looks it has looked at all of them. */
const MAX_INDEXES_PER_CALL = 512
const POLLS_PER_SCAN = 4

/** What an index, or some of them, told. */
interface Backlog {
  readonly sections: number
  /** When the one came that waits longest, by the server's clock; infinite: none waits. */
  readonly since: number
  readonly names: readonly string[]
}

/**
 * The sections that have changes which no relay has sent yet, by name. One server has one index of them; in a cluster each slot has its
 * own, and a look passes over a part of them.
 */
export class Outbox {
  readonly #connection: Connection
  readonly #batches: readonly (readonly string[])[]
  #nextBatch = 0
  /** Every part has been looked at once. */
  #fullyScanned = false

  constructor(connection: Connection) {
    this.#connection = connection
    const indexes = outboxIndexes(connection.layout)
    this.#batches = Array.from({ length: Math.ceil(indexes.length / MAX_INDEXES_PER_CALL) }, (_, n) =>
      indexes.slice(n * MAX_INDEXES_PER_CALL, (n + 1) * MAX_INDEXES_PER_CALL),
    )
  }

  /**
   * The names that have waited longest in each index, `most` at the most. At first in all of them, then in a part at a time, so that
   * a few looks find whatever waits. What cannot be reached is passed over.
   */
  async poll(limit: number): Promise<readonly string[]> {
    const count = this.#fullyScanned ? Math.ceil(this.#batches.length / POLLS_PER_SCAN) : this.#batches.length
    const batches = Array.from(
      { length: count },
      (_, n) => this.#batches[(this.#nextBatch + n) % this.#batches.length] ?? [],
    )
    this.#nextBatch = (this.#nextBatch + count) % this.#batches.length
    const answers = await Promise.allSettled(batches.map((part) => this.#pollIndexes(part, limit)))
    if (answers.every(({ status }) => status === 'fulfilled')) this.#fullyScanned = true
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value.names : []))
  }

  /** The next look is at all of them: nobody may have told of what came. */
  rescan(): void {
    this.#fullyScanned = false
  }

  async backlog(): Promise<{ readonly sections: number; readonly since?: number }> {
    const { sections, since } = mergeBacklogs(
      await Promise.all(this.#batches.map((part) => this.#pollIndexes(part, 1))),
    )
    return { sections, ...(Number.isFinite(since) && { since }) }
  }

  /** A node looks at those that it has; the first of all others leads to the next node. */
  async #pollIndexes(indexes: readonly string[], limit: number): Promise<Backlog> {
    const found: Backlog[] = []
    for (let remaining = indexes; remaining.length > 0; ) {
      const reply: unknown = await poll.run(this.#connection, remaining.slice(0, 1), [
        `${limit}`,
        ...remaining.slice(1),
      ])
      const [sections, since, names, otherNodes] = reply as [string, string, string[], string[]]
      found.push({ sections: Number(sections), since: since === '' ? Number.POSITIVE_INFINITY : Number(since), names })
      remaining = otherNodes
    }
    return mergeBacklogs(found)
  }
}

const mergeBacklogs = (all: readonly Backlog[]): Backlog => ({
  sections: all.reduce((sum, { sections }) => sum + sections, 0),
  since: Math.min(...all.map(({ since }) => since)),
  names: all.flatMap(({ names }) => names),
})
