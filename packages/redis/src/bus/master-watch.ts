import type { Connection } from '../connection/connection.ts'
import { demotions } from '../connection/demotions.ts'
import { Connectivity } from './connectivity.ts'

/** Interval between queries of the server's role, in ms. */
const INTERVAL_MS = 1_000

/**
 * Keeps the connections of a bus on the master of a single server's address.
 *
 * A master that becomes a replica keeps its connections, and accepts `PUBLISH` and subscriptions. The bus counts as down, and reconnects each second,
 * until the address leads to a master. A bus that was opened on a replica stays there until the replica refuses a write of this process.
 */
export class MasterWatch {
  readonly #commands: Connection
  readonly #listening: Connection
  readonly #connectivity: Connectivity
  readonly #timer: NodeJS.Timeout
  readonly #endListeners: readonly (() => void)[]
  #messagingUp = false
  #querying = false
  /** Id of the server that `commands` reached last. */
  #server: string | undefined
  /** Id of the last server that was a master. */
  #master: string | undefined
  /** Id of the last server that the bus has to leave. */
  #left: string | undefined

  constructor(
    { commands, listening }: { readonly commands: Connection; readonly listening: Connection },
    onState: (state: 'up' | 'down') => void,
  ) {
    this.#commands = commands
    this.#listening = listening
    this.#connectivity = new Connectivity(onState)
    this.#endListeners = [
      commands.onState((state) => {
        if (state === 'up') void this.#query()
      }),
      demotions.add(({ serverId, address }) => {
        if (address === commands.address && (serverId === this.#server || this.#isUsed(serverId)))
          this.#setLeft(serverId)
      }),
    ]
    this.#timer = setInterval(() => void this.#check(), INTERVAL_MS)
    this.#timer.unref()
  }

  /** Sets whether all subscriptions are live. */
  setMessagingState(state: 'up' | 'down'): void {
    this.#messagingUp = state === 'up'
    this.#report()
  }

  close(): void {
    clearInterval(this.#timer)
    for (const end of this.#endListeners) end()
  }

  async #check(): Promise<void> {
    if (this.#querying) return
    this.#querying = true
    await this.#query()
    this.#querying = false
    for (const connection of [this.#commands, this.#listening])
      if (this.#left !== undefined && connection.serverId === this.#left) connection.reconnect()
  }

  /** Queries the role of the server. A query without an answer changes nothing. */
  async #query(): Promise<void> {
    const { serverId } = this.#commands
    if (serverId === undefined) return
    this.#server = serverId
    const info = await this.#commands.send(['INFO', 'replication']).catch(() => '')
    const role = /^role:(\w+)/m.exec(String(info))?.[1]
    if (role === undefined || this.#commands.serverId !== serverId) return
    if (role === 'master') this.#setMaster(serverId)
    else if (this.#master !== undefined || this.#left !== undefined) this.#setLeft(serverId)
  }

  #setMaster(serverId: string): void {
    const previous = this.#master
    this.#master = serverId
    if (this.#left === serverId) this.#left = undefined
    if (previous !== undefined && previous !== serverId) this.#left = previous
    // a store that stayed behind must move before the bus is up, because replicas then ask it for missed changes
    if (this.#left !== undefined && previous !== serverId) this.#announce(this.#left)
    this.#report()
  }

  #setLeft(serverId: string): void {
    if (this.#left === serverId) return
    this.#left = serverId
    this.#report()
    this.#announce(serverId)
  }

  /** Makes all connections of the process that lead to the server through this address reconnect. */
  #announce(serverId: string): void {
    demotions.emit({ serverId, address: this.#commands.address })
  }

  #isUsed(serverId: string): boolean {
    return this.#commands.serverId === serverId || this.#listening.serverId === serverId
  }

  #report(): void {
    const misled = this.#left !== undefined && (this.#commands.serverId !== this.#master || this.#isUsed(this.#left))
    this.#connectivity.set(this.#messagingUp && !misled)
  }
}
