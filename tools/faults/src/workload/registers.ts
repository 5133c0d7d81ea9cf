import { type Collection, ConflictError } from '@sync/core'
import type { HistoryFile, NewCompletion } from '../history/history-file.ts'
import { now } from './clock.ts'
import { type Document, REGISTER_PREFIX } from './documents.ts'
import type { Random } from './random.ts'

/** Collaborators of `Registers`. */
export interface RegistersOptions {
  readonly name: string
  readonly collection: Collection<Document>
  readonly historyFile: HistoryFile
  readonly random: Random
  readonly classifyError: (operation: string, error: unknown) => NewCompletion
}

/** Time during which all writers use the same few registers. Then they use new ones, so that each history stays short. */
const ROUND_MS = 3_000
const REGISTERS_PER_ROUND = 2
/** Probability that a writer uses the last version it knows instead of reading the current one. */
const STALE_PROBABILITY = 0.3

/** Runs compare-and-sets on registers that all writers share. A register is the field `value` of one document. */
export class Registers {
  readonly #options: RegistersOptions
  #values = 0
  #last = { key: '', version: 0 }

  constructor(options: RegistersOptions) {
    this.#options = options
  }

  async compareAndSet(): Promise<void> {
    const { historyFile, random, classifyError } = this.#options
    const key = `${REGISTER_PREFIX}-${Math.floor(now() / ROUND_MS)}-${random.int(REGISTERS_PER_ROUND)}`
    const expected =
      this.#last.key === key && random.chance(STALE_PROBABILITY) ? this.#last.version : await this.#readVersion(key)
    const value = `${this.#options.name} ${++this.#values}`
    const n = historyFile.recordInvocation({ op: 'cas', key, expected, value })
    const byField = expected === 0 || random.chance(0.5)
    try {
      const outcome = await (byField ? this.#byField(key, expected, value) : this.#byVersion(key, expected, value))
      if ('version' in outcome) this.#last = { key, version: outcome.version ?? 0 }
      historyFile.recordCompletion(n, outcome)
    } catch (error) {
      historyFile.recordCompletion(n, classifyError(`cas of ${key}`, error))
    }
  }

  async #readVersion(key: string): Promise<number> {
    return (await this.#options.collection.getEntry(key))?.version ?? 0
  }

  async #byField(key: string, expectedVersion: number, value: string): Promise<NewCompletion> {
    const answer = await this.#options.collection.compareAndSet(key, 'value', value, { expectedVersion })
    if (answer.ok) return { is: 'acknowledged', version: answer.fieldVersion }
    return { is: 'conflict', version: answer.fieldVersion, ...(answer.value && { value: String(answer.value) }) }
  }

  async #byVersion(key: string, ifVersion: number, value: string): Promise<NewCompletion> {
    try {
      const { version, position } = await this.#options.collection.assign(key, { value }, { ifVersion })
      return { is: 'acknowledged', version, position }
    } catch (error) {
      if (error instanceof ConflictError) return { is: 'conflict', version: error.current.version }
      throw error
    }
  }
}
