import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from './connection.ts'

/** How often a call is repeated whose slot is being moved, and the ms between: as ioredis does it by itself. */
const MOST_ATTEMPTS = 16
const PAUSE = 100

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
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#call(connection, rest)
      } catch (error) {
        // nothing was done
        if (!says(error, 'TRYAGAIN') || attempt === MOST_ATTEMPTS) throw error
        await sleep(PAUSE)
      }
    }
  }

  async #call(connection: Connection, rest: readonly string[]): Promise<string[]> {
    const [, key] = rest
    try {
      return (await connection.send(['EVALSHA', this.#digest, ...rest], key)) as string[]
    } catch (error) {
      if (!says(error, 'NOSCRIPT')) throw error
      return (await connection.send(['EVAL', this.#text, ...rest], key)) as string[]
    }
  }
}

const says = (error: unknown, code: string): boolean => error instanceof Error && error.message.startsWith(code)
