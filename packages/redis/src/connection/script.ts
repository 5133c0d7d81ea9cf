import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command, Connection } from './connection.ts'

/** Attempts of a call whose slot is migrating, and the ms between them. Equal to what ioredis does on its own. */
const MAX_ATTEMPTS = 16
const RETRY_PAUSE_MS = 100

/** A command that a script requires. Scripts call optional commands through other names than `redis.call`. */
const REQUIRED_COMMAND = /\bredis\.p?call\('([A-Z]+)'/g

/**
 * Returns the beginning of a script: it refuses the call before its first write if the user may not run one of the script's commands.
 * Redis checks permissions only when a command runs, and does not undo a script's earlier writes.
 */
function accessCheck(text: string): string {
  const commands = new Set([...text.matchAll(REQUIRED_COMMAND)].map(([, command]) => `'${command}'`))
  return `
for _, command in ipairs({ ${[...commands].join(', ')} }) do
  if not redis.acl_check_cmd(command, KEYS[1]) then
    return redis.error_reply("NOPERM the user may not run '" .. string.lower(command) .. "' on the key " .. KEYS[1])
  end
end
`
}

/** A Lua script, called by its digest. Sends the text if the server does not have it, such as after a restart or on a slot's new node. */
export class Script {
  readonly #text: string
  readonly #digest: string

  constructor(text: string) {
    this.#text = accessCheck(text) + text
    this.#digest = createHash('sha1').update(this.#text).digest('hex')
  }

  /** Runs the script. `keys` has at least one element; in a cluster, all keys are in one slot. */
  async run(connection: Connection, keys: readonly string[], args: readonly string[]): Promise<string[]> {
    let command: Command = ['EVALSHA', this.#digest, `${keys.length}`, ...keys, ...args]
    for (let attempt = 1; ; attempt++) {
      try {
        return (await connection.send(command, keys[0])) as string[]
      } catch (error) {
        // both errors mean that nothing was executed
        if (hasErrorCode(error, 'NOSCRIPT')) command = ['EVAL', this.#text, ...command.slice(2)]
        else if (hasErrorCode(error, 'TRYAGAIN') && attempt < MAX_ATTEMPTS) await sleep(RETRY_PAUSE_MS)
        else throw error
      }
    }
  }
}

const hasErrorCode = (error: unknown, code: string): boolean => error instanceof Error && error.message.startsWith(code)
