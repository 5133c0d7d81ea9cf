import type { Connection } from '../connection/connection.ts'
import { Script } from '../connection/script.ts'
import { leaseKeys } from '../names.ts'
import { acquireLua, releaseLua } from './lua.ts'

const scripts = { acquire: new Script(acquireLua), release: new Script(releaseLua) }

/**
 * The exclusive right of one relay to publish. Expires unless it is renewed. Its value is the term: a number that only rises, and the
 * holder's id.
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

  /** Acquires or renews the lease. Without `term` in the result, another relay holds it for at least `remainingMs`. */
  async acquireOrRenew(): Promise<{ readonly term?: string; readonly remainingMs: number }> {
    const { lease, terms } = leaseKeys(this.#connection.layout)
    const args = [this.#term, this.#holder, `${this.#ms}`, `${this.#minimumTerm}`]
    const [term = '', remainingMs] = await scripts.acquire.run(this.#connection, [lease, terms], args)
    this.#term = term
    return { remainingMs: Number(remainingMs), ...(term !== '' && { term }) }
  }

  /** Makes the next term's number greater than `term`, which has existed. */
  advancePast(term: number): void {
    this.#minimumTerm = Math.max(this.#minimumTerm, term)
  }

  /** Releases the lease if this relay holds it. */
  async release(): Promise<void> {
    const { lease } = leaseKeys(this.#connection.layout)
    if (this.#term !== '') await scripts.release.run(this.#connection, [lease], [this.#term])
  }
}
