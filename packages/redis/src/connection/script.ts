import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command, Connection } from './connection.ts'

/** How often a call is repeated whose slot is being moved, and the ms between: as ioredis does it by itself. */
const MAX_ATTEMPTS = 16
const RETRY_PAUSE_MS = 100

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
    let command: Command = ['EVALSHA', this.#digest, `${keys.length}`, ...keys, ...args]
    for (let attempt = 1; ; attempt++) {
      try {
        return (await connection.send(command, keys[0])) as string[]
      } catch (error) {
        // whichever it is, nothing was done
        if (hasErrorCode(error, 'NOSCRIPT')) command = ['EVAL', this.#text, ...command.slice(2)]
        else if (hasErrorCode(error, 'TRYAGAIN') && attempt < MAX_ATTEMPTS) await sleep(RETRY_PAUSE_MS)
        else throw error
      }
    }
  }
}

const hasErrorCode = (error: unknown, code: string): boolean => error instanceof Error && error.message.startsWith(code)
