import { createHash } from 'node:crypto'
import type { Connection } from '../connection/connection.ts'

/** A Lua script, called by its digest. A server that does not know it (restarted, a slot's new owner) is told its text. */
export class Script {
  readonly #text: string
  readonly #digest: string

  constructor(text: string) {
    this.#text = text
    this.#digest = createHash('sha1').update(text).digest('hex')
  }

  /** `keys`: at least one; in a cluster all of one slot. */
  async run(connection: Connection, keys: readonly string[], args: readonly string[]): Promise<string[]> {
    const rest = [`${keys.length}`, ...keys, ...args]
    try {
      return (await connection.send(['EVALSHA', this.#digest, ...rest], keys[0])) as string[]
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return (await connection.send(['EVAL', this.#text, ...rest], keys[0])) as string[]
    }
  }
}
