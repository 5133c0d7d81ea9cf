import type { Connection } from '../connection/connection.ts'
import { Script } from '../connection/script.ts'
import { leaseKeys } from '../names.ts'
import { acquireLua, releaseLua } from './lua.ts'

const scripts = { acquire: new Script(acquireLua), release: new Script(releaseLua) }

/**
 * That one relay works at a time. Runs out by itself when it is not held again and again. Who has it is told by its value, the term: a
 * number, which only rises, and the holder.
 */
export class Lease {
  readonly #connection: Connection
  readonly #holder: string
  readonly #ms: number
  #term = ''
  #minimumTerm = 0

  constructor(connection: Connection, { holder, ms }: { readonly holder: string; readonly ms: number }) {
    this.#connection = connection
    this.#holder = holder
    this.#ms = ms
  }

  /** Takes it, or holds it for longer. Absent `term`: another one has it, for `left` ms at the least. */
  async acquireOrRenew(): Promise<{ readonly term?: string; readonly remainingMs: number }> {
    const { lease, terms } = leaseKeys(this.#connection.layout)
    const args = [this.#term, this.#holder, `${this.#ms}`, `${this.#minimumTerm}`]
    const [term = '', remainingMs] = await scripts.acquire.run(this.#connection, [lease, terms], args)
    this.#term = term
    return { remainingMs: Number(remainingMs), ...(term !== '' && { term }) }
  }

  /** There was a term of this number: the next one is a later one. */
  advancePast(term: number): void {
    this.#minimumTerm = Math.max(this.#minimumTerm, term)
  }

  /** Leaves it to others. */
  async release(): Promise<void> {
    const { lease } = leaseKeys(this.#connection.layout)
    if (this.#term !== '') await scripts.release.run(this.#connection, [lease], [this.#term])
  }
}
