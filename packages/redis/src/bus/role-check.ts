import type { Connection } from '../connection/connection.ts'

/** Interval of the checks, in ms. */
const CHECK_MS = 1_000

/**
 * Follows a planned fail-over, after which the old master runs on as a replica. Its connections stay open, but messages
 * published there do not reach the subscribers of the new master. A connection that led to a master is therefore reopened
 * until it leads to one again. A bus that was opened on a replica stays there.
 */
export class RoleCheck {
  readonly #connections: readonly Connection[]
  readonly #timer: NodeJS.Timeout
  #ledToMaster = false

  /** The first connection accepts any command; the others lead to the same server. */
  constructor(commands: Connection, ...others: readonly Connection[]) {
    this.#connections = [commands, ...others]
    this.#timer = setInterval(() => void this.#check(commands), CHECK_MS)
    this.#timer.unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #check(commands: Connection): Promise<void> {
    // without the permission, and while the server is unavailable, the role is unknown
    const reply = await commands.send(['ROLE']).catch(() => [])
    const [role] = reply as readonly unknown[]
    if (role === 'master') this.#ledToMaster = true
    if (role === 'slave' && this.#ledToMaster) for (const connection of this.#connections) connection.reconnect()
  }
}
