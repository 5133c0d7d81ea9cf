import { type Collection, ConflictError } from '@sync/core'
import type { LedgerFile, NewOutcome } from '../ledger/file.ts'
import { now } from './clock.ts'
import type { Dice } from './dice.ts'
import { type Document, REGISTER } from './documents.ts'

/** What compares and sets. */
export interface RegistersOptions {
  readonly name: string
  readonly collection: Collection<Document>
  readonly ledger: LedgerFile
  readonly dice: Dice
  readonly failed: (what: string, error: unknown) => NewOutcome
}

/** All writers meet at the same few registers, for so long: then at the next ones, so that a history has an end. */
const ROUND_MS = 3_000
const REGISTERS_AT_A_TIME = 2
/** How often a writer does not look before, but takes for granted what it last knew. */
const STALE = 0.3

/** Compares and sets registers that other writers compare and set too. A register is one field of one document. */
export class Registers {
  readonly #options: RegistersOptions
  #values = 0
  #last = { key: '', version: 0 }

  constructor(options: RegistersOptions) {
    this.#options = options
  }

  async compareAndSet(): Promise<void> {
    const { ledger, dice, failed } = this.#options
    const key = `${REGISTER}-${Math.floor(now() / ROUND_MS)}-${dice.int(REGISTERS_AT_A_TIME)}`
    const expected = this.#last.key === key && dice.chance(STALE) ? this.#last.version : await this.#look(key)
    const value = `${this.#options.name} ${++this.#values}`
    const n = ledger.begin({ op: 'cas', key, expected, value })
    const byField = expected === 0 || dice.chance(0.5)
    try {
      const outcome = await (byField ? this.#byField(key, expected, value) : this.#byVersion(key, expected, value))
      if ('version' in outcome) this.#last = { key, version: outcome.version ?? 0 }
      ledger.end(n, outcome)
    } catch (error) {
      ledger.end(n, failed(`cas of ${key}`, error))
    }
  }

  async #look(key: string): Promise<number> {
    return (await this.#options.collection.entry(key))?.version ?? 0
  }

  async #byField(key: string, expectedVersion: number, value: string): Promise<NewOutcome> {
    const answer = await this.#options.collection.trySet(key, 'value', value, { expectedVersion })
    if (answer.ok) return { is: 'acknowledged', version: answer.fieldVersion }
    return { is: 'conflict', version: answer.fieldVersion, ...(answer.value && { value: String(answer.value) }) }
  }

  async #byVersion(key: string, ifVersion: number, value: string): Promise<NewOutcome> {
    try {
      const { version, position } = await this.#options.collection.set(key, { value }, { ifVersion })
      return { is: 'acknowledged', version, position }
    } catch (error) {
      if (error instanceof ConflictError) return { is: 'conflict', version: error.current.version }
      throw error
    }
  }
}
