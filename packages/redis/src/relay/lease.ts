import type { Connection } from '../connection/connection.ts'
import { Script } from '../connection/script.ts'
import { leaseKeys } from '../names.ts'
import { holdLua, releaseLua } from './lua.ts'

const scripts = { hold: new Script(holdLua), release: new Script(releaseLua) }

/**
 * That one relay works at a time. Runs out by itself when it is not held again and again. Who has it is told by its value, the term: a
 * number, which only rises, and the holder.
 */
export class Lease {
  readonly #connection: Connection
  readonly #holder: string
  readonly #ms: number
  #term = ''
  #known = 0

  constructor(connection: Connection, { holder, ms }: { readonly holder: string; readonly ms: number }) {
    this.#connection = connection
    this.#holder = holder
    this.#ms = ms
  }

  /** Takes it, or holds it for longer. Absent `term`: another one has it, for `left` ms at the least. */
  async hold(): Promise<{ readonly term?: string; readonly left: number }> {
    const { lease, terms } = leaseKeys(this.#connection.layout)
    const asked = [this.#term, this.#holder, `${this.#ms}`, `${this.#known}`]
    const [term = '', left] = await scripts.hold.run(this.#connection, [lease, terms], asked)
    this.#term = term
    return { left: Number(left), ...(term !== '' && { term }) }
  }

  /** There was a term of this number: the next one is a later one. */
  outrun(number: number): void {
    this.#known = Math.max(this.#known, number)
  }

  /** Leaves it to others. */
  async release(): Promise<void> {
    const { lease } = leaseKeys(this.#connection.layout)
    if (this.#term !== '') await scripts.release.run(this.#connection, [lease], [this.#term])
  }
}
