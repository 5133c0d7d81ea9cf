import type { Connection } from '../connection/connection.ts'
import { Script } from '../connection/script.ts'
import { outboxIndexes } from '../names.ts'
import { pollLua } from './lua.ts'

const poll = new Script(pollLua)

/** Maximum number of indexes per script call. */
const MAX_INDEXES_PER_CALL = 512
/** Number of polls that together cover all indexes. */
const POLLS_PER_SCAN = 4

/** Waiting sections of one or more indexes. */
interface Backlog {
  readonly sections: number
  /** Time since which the longest-waiting section waits, in ms by the server's clock. Infinite if none waits. */
  readonly since: number
  readonly names: readonly string[]
}

/**
 * The sections with unpublished changes, by name. A single server has one index of them. A cluster has one per slot, of which each
 * poll reads a part.
 */
export class Outbox {
  readonly #connection: Connection
  readonly #batches: readonly (readonly string[])[]
  #nextBatch = 0
  /** True once every index has been read. */
  #fullyScanned = false

  constructor(connection: Connection) {
    this.#connection = connection
    const indexes = outboxIndexes(connection.layout)
    this.#batches = Array.from({ length: Math.ceil(indexes.length / MAX_INDEXES_PER_CALL) }, (_, n) =>
      indexes.slice(n * MAX_INDEXES_PER_CALL, (n + 1) * MAX_INDEXES_PER_CALL),
    )
  }

  /**
   * Returns the longest-waiting names of each index, at most `limit` per index. Reads all indexes at first, and later a part at a
   * time, so that a few polls find every waiting section. Skips indexes on unavailable nodes.
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

  /** Makes the next poll read all indexes, because notifications may have been lost. */
  rescan(): void {
    this.#fullyScanned = false
  }

  async backlog(): Promise<{ readonly sections: number; readonly since?: number }> {
    const { sections, since } = mergeBacklogs(
      await Promise.all(this.#batches.map((part) => this.#pollIndexes(part, 1))),
    )
    return { sections, ...(Number.isFinite(since) && { since }) }
  }

  /** Polls one node after another: each reads the indexes that it has, and the first remaining one leads to the next node. */
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
