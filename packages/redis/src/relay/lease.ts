import type { Connection } from '../connection/connection.ts'
import { OUTBOX } from '../names.ts'
import { Script } from '../store/script.ts'
import { holdLua, releaseLua } from './lua.ts'

const scripts = { hold: new Script(holdLua), release: new Script(releaseLua) }

/** Who has it is told by its value, which no two terms share: what an earlier one does late is refused by it. */
export const LEASE: string = `${OUTBOX}:lease`
const TERMS = `${OUTBOX}:terms`

/** That one relay works at a time. Runs out by itself when it is not held again and again. */
export class Lease {
  readonly #connection: Connection
  readonly #holder: string
  readonly #ms: number
  #term = ''

  constructor(connection: Connection, { holder, ms }: { readonly holder: string; readonly ms: number }) {
    this.#connection = connection
    this.#holder = holder
    this.#ms = ms
  }

  /** Takes it, or holds it for longer. Absent `term`: another one has it, for `left` ms at the least. */
  async hold(): Promise<{ readonly term?: string; readonly left: number }> {
    const asked = [this.#term, this.#holder, `${this.#ms}`]
    const [term = '', left] = await scripts.hold.run(this.#connection, [LEASE, TERMS], asked)
    this.#term = term
    return { left: Number(left), ...(term !== '' && { term }) }
  }

  /** Leaves it to others. */
  async release(): Promise<void> {
    if (this.#term !== '') await scripts.release.run(this.#connection, [LEASE], [this.#term])
  }
}
