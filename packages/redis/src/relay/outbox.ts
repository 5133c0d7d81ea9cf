import type { Connection } from '../connection/connection.ts'
import { Script } from '../connection/script.ts'
import { outboxIndexes } from '../names.ts'
import { lookLua } from './lua.ts'

const look = new Script(lookLua)

/** How many indexes one call looks at, and in how many looks it has looked at all of them. */
const MOST_INDEXES = 512
const LOOKS = 4

/** What an index, or some of them, told. */
interface Found {
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
  readonly #parts: readonly (readonly string[])[]
  #next = 0
  /** Every part has been looked at once. */
  #known = false

  constructor(connection: Connection) {
    this.#connection = connection
    const indexes = outboxIndexes(connection.layout)
    this.#parts = Array.from({ length: Math.ceil(indexes.length / MOST_INDEXES) }, (_, n) =>
      indexes.slice(n * MOST_INDEXES, (n + 1) * MOST_INDEXES),
    )
  }

  /**
   * The names that have waited longest in each index, `most` at the most. At first in all of them, then in a part at a time, so that
   * a few looks find whatever waits. What cannot be reached is passed over.
   */
  async look(most: number): Promise<readonly string[]> {
    const count = this.#known ? Math.ceil(this.#parts.length / LOOKS) : this.#parts.length
    const parts = Array.from({ length: count }, (_, n) => this.#parts[(this.#next + n) % this.#parts.length] ?? [])
    this.#next = (this.#next + count) % this.#parts.length
    const answers = await Promise.allSettled(parts.map((part) => this.#lookAt(part, most)))
    if (answers.every(({ status }) => status === 'fulfilled')) this.#known = true
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value.names : []))
  }

  /** The next look is at all of them: nobody may have told of what came. */
  forget(): void {
    this.#known = false
  }

  async waiting(): Promise<{ readonly sections: number; readonly since?: number }> {
    const { sections, since } = sumOf(await Promise.all(this.#parts.map((part) => this.#lookAt(part, 1))))
    return { sections, ...(Number.isFinite(since) && { since }) }
  }

  /** A node looks at those that it has; the first of all others leads to the next node. */
  async #lookAt(indexes: readonly string[], most: number): Promise<Found> {
    const found: Found[] = []
    for (let rest = indexes; rest.length > 0; ) {
      const reply: unknown = await look.run(this.#connection, rest.slice(0, 1), [`${most}`, ...rest.slice(1)])
      const [sections, since, names, elsewhere] = reply as [string, string, string[], string[]]
      found.push({ sections: Number(sections), since: since === '' ? Number.POSITIVE_INFINITY : Number(since), names })
      rest = elsewhere
    }
    return sumOf(found)
  }
}

const sumOf = (all: readonly Found[]): Found => ({
  sections: all.reduce((sum, { sections }) => sum + sections, 0),
  since: Math.min(...all.map(({ since }) => since)),
  names: all.flatMap(({ names }) => names),
})
