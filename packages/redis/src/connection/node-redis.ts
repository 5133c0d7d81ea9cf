import { isDemotion, isRefusal } from '../errors.ts'
import { Arrival } from './arrival.ts'
import type { Command, Connection, ConnectionState, Listener } from './connection.ts'
import { Outstanding } from './outstanding.ts'
import { ASK_AGAIN, retryDelay } from './retry-delay.ts'
import { Silence } from './silence.ts'

/** What is used of a node-redis client. */
export interface NodeRedisClient {
  readonly isReady: boolean
  readonly isOpen: boolean
  readonly options?: {
    readonly database?: number | undefined
    readonly socket?: { readonly host?: string; readonly port?: number; readonly path?: string } | undefined
  }
  connect(): Promise<unknown>
  sendCommand(args: readonly string[]): Promise<unknown>
  subscribe(channel: string, listener: Listener): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  duplicate(options: object): NodeRedisClient
  destroy(): void
  on(event: string, listener: (error?: Error) => void): unknown
  off(event: string, listener: (error?: Error) => void): unknown
}

/** What a client is opened with. */
interface Behaviour {
  readonly RESP: 3
  readonly disableOfflineQueue: boolean
  readonly pingInterval: number
  readonly commandOptions: object
  readonly socket: object
}

/** How connections of our own behave: what was sent and not answered is rejected, never sent again. */
export const ownNodeRedisBehaviour = (timeout: number, socket: object = {}): Behaviour => ({
  // RESP3: a connection that listens takes commands too
  RESP: 3,
  disableOfflineQueue: true,
  // a line on which nothing comes back is dropped; the pings keep a quiet one open
  pingInterval: Math.ceil(timeout / 3),
  // a timer for each command is dear, and the line's own is enough
  commandOptions: { timeout: undefined },
  socket: { ...socket, connectTimeout: timeout, socketTimeout: timeout, reconnectStrategy: retryDelay },
})

/** A connection over node-redis. */
export class NodeRedisConnection implements Connection {
  readonly layout: { readonly cluster: boolean } = { cluster: false }
  readonly database: number
  readonly address: string
  readonly #client: NodeRedisClient
  readonly #timeout: number
  readonly #owned: boolean
  /** By channel; the client itself subscribes again after a reconnect, before it says that it is ready. */
  readonly #listeners = new Map<string, Listener>()
  readonly #outstanding = new Outstanding()
  readonly #silence: Silence | undefined
  readonly #states = new Set<(state: ConnectionState) => void>()
  readonly #heard: readonly (readonly [event: string, listener: (error?: Error) => void])[]
  /** Settles when the next attempt to connect does. */
  readonly #attempt = new Arrival()
  #server: string | undefined
  #refused: Error | undefined
  #again: NodeJS.Timeout | undefined
  #closed = false

  constructor(client: NodeRedisClient, { timeout, owned }: { readonly timeout: number; readonly owned: boolean }) {
    this.#client = client
    this.#timeout = timeout
    this.#owned = owned
    // node-redis takes what is written for a sign of life
    if (owned) this.#silence = new Silence(timeout, () => this.reset())
    const { host = 'localhost', port = 6379, path } = client.options?.socket ?? {}
    this.database = client.options?.database ?? 0
    this.address = path ?? `${host}:${port}`
    this.#heard = [
      ['ready', () => void this.#ready()],
      ['error', (error) => this.#failed(error)],
      ['end', () => this.#failed()],
    ]
    for (const [event, listener] of this.#heard) client.on(event, listener)
    if (client.isReady) void this.#ready()
    else if (owned) this.#connect()
  }

  get server(): string | undefined {
    return this.#server
  }

  get refused(): Error | undefined {
    return this.#refused
  }

  async send(command: Command): Promise<unknown> {
    if (!this.#client.isReady && this.#owned && !this.#closed) await this.#attempt.promise
    this.#silence?.due()
    try {
      return await this.#outstanding.add(this.#client.sendCommand(command))
    } catch (error) {
      if (isDemotion(error)) this.reset()
      throw error
    } finally {
      this.#silence?.settled()
    }
  }

  async subscribe(channel: string, listener: Listener): Promise<void> {
    const known = this.#listeners.has(channel)
    this.#listeners.set(channel, listener)
    if (known) return
    try {
      await this.#client.subscribe(channel, (message) => this.#heardOn(channel, message))
    } catch (error) {
      this.#listeners.delete(channel)
      throw error
    }
  }

  async unsubscribe(channel: string): Promise<void> {
    this.#listeners.delete(channel)
    await this.#client.unsubscribe(channel)
  }

  onState(listener: (state: ConnectionState) => void): () => void {
    this.#states.add(listener)
    return () => this.#states.delete(listener)
  }

  fork(): Connection {
    const client = this.#client.duplicate(ownNodeRedisBehaviour(this.#timeout, this.#client.options?.socket))
    return new NodeRedisConnection(client, { timeout: this.#timeout, owned: true })
  }

  reset(): void {
    if (!this.#owned || this.#closed || !this.#client.isOpen) return
    this.#client.destroy()
    this.#failed()
    this.#connect()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#again)
    if (this.#owned) {
      // the client's own close can wait for ever
      await this.#outstanding.settled(this.#timeout)
      if (this.#client.isOpen) this.#client.destroy()
    }
    this.#attempt.failed(new Error('the connection is closed'))
    for (const [event, listener] of this.#heard)
      if (!this.#owned || event !== 'error') this.#client.off(event, listener)
    this.#states.clear()
  }

  #heardOn(channel: string, message: string): void {
    this.#silence?.heard()
    this.#listeners.get(channel)?.(message)
  }

  #connect(): void {
    this.#client.connect().catch((error: Error) => this.#failed(error))
  }

  async #ready(): Promise<void> {
    this.#attempt.arrived()
    this.#refused = undefined
    const info = await this.#client.sendCommand(['INFO', 'server']).catch((error: unknown) => this.#mayNotAsk(error))
    if (info === undefined || !this.#client.isReady) return
    this.#server = /run_id:(\w+)/.exec(String(info))?.[1]
    this.#tell('up')
  }

  /** Who answers there is not told to this user: whoever waits for it hears why, and it is asked again. */
  #mayNotAsk(error: unknown): void {
    if (!isRefusal(error) || this.#closed) return
    this.#refused = error
    this.#tell('down')
    this.#again = setTimeout(() => void this.#ready(), ASK_AGAIN).unref()
  }

  /** The line was lost, or an attempt to open it failed. */
  #failed(error: Error = new Error('the connection is closed')): void {
    if (this.#client.isReady) return
    clearTimeout(this.#again)
    if (isRefusal(error)) this.#refused = error
    this.#attempt.failed(error)
    this.#server = undefined
    this.#tell('down')
  }

  #tell(state: ConnectionState): void {
    for (const listener of [...this.#states]) listener(state)
  }
}
