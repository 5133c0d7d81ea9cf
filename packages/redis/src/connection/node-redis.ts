import { isReadOnlyReplica, isRejection } from '../errors.ts'
import type { Command, Connection, ConnectionState, MessageListener } from './connection.ts'
import { leaveWhenDemoted, reportReplica } from './demotions.ts'
import { InFlight } from './in-flight.ts'
import { ReadySignal } from './ready-signal.ts'
import { ReplyWatchdog } from './reply-watchdog.ts'
import { IDENTITY_RETRY_MS, retryDelay } from './retry-delay.ts'

/** The part of a node-redis client that is used here. */
export interface NodeRedisClient {
  readonly isReady: boolean
  readonly isOpen: boolean
  readonly options?: {
    readonly database?: number | undefined
    readonly socket?: { readonly host?: string; readonly port?: number; readonly path?: string } | undefined
  }
  connect(): Promise<unknown>
  sendCommand(args: readonly string[]): Promise<unknown>
  subscribe(channel: string, listener: MessageListener): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  duplicate(options: object): NodeRedisClient
  destroy(): void
  on(event: string, listener: (error?: Error) => void): unknown
  off(event: string, listener: (error?: Error) => void): unknown
}

/** Options of a node-redis client that this package opens. */
interface OwnedNodeRedisOptions {
  readonly RESP: 3
  readonly disableOfflineQueue: boolean
  readonly pingInterval: number
  readonly commandOptions: object
  readonly socket: object
}

/** Returns the options of clients that this package opens. A command without a reply is rejected, never sent again. */
export const ownedNodeRedisOptions = (timeout: number, socket: object = {}): OwnedNodeRedisOptions => ({
  // RESP3: a connection with subscriptions accepts commands too
  RESP: 3,
  disableOfflineQueue: true,
  // the socket timeout closes a dead connection; the pings keep an idle one open
  pingInterval: Math.ceil(timeout / 3),
  // a timer per command is expensive, and the connection's own is sufficient
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
  /** By channel. After a reconnect the client resubscribes before it emits `ready`. */
  readonly #listeners = new Map<string, MessageListener>()
  readonly #inFlight = new InFlight()
  readonly #watchdog: ReplyWatchdog | undefined
  readonly #stateListeners = new Set<(state: ConnectionState) => void>()
  readonly #eventListeners: readonly (readonly [event: string, listener: (error?: Error) => void])[]
  /** Settles with the next connection attempt. */
  readonly #readySignal = new ReadySignal()
  readonly #stopLeaving = leaveWhenDemoted(this)
  #serverId: string | undefined
  #rejection: Error | undefined
  #retryTimer: NodeJS.Timeout | undefined
  #closed = false

  constructor(client: NodeRedisClient, { timeout, owned }: { readonly timeout: number; readonly owned: boolean }) {
    this.#client = client
    this.#timeout = timeout
    this.#owned = owned
    // node-redis's own timeout counts written data as activity
    if (owned) this.#watchdog = new ReplyWatchdog(timeout, () => this.reconnect())
    const { host = 'localhost', port = 6379, path } = client.options?.socket ?? {}
    this.database = client.options?.database ?? 0
    this.address = path ?? `${host}:${port}`
    this.#eventListeners = [
      ['ready', () => void this.#onReady()],
      ['error', (error) => this.#onFailure(error)],
      ['end', () => this.#onFailure()],
    ]
    for (const [event, listener] of this.#eventListeners) client.on(event, listener)
    if (client.isReady) void this.#onReady()
    else if (owned) this.#connect()
  }

  get serverId(): string | undefined {
    return this.#serverId
  }

  get rejection(): Error | undefined {
    return this.#rejection
  }

  async send(command: Command): Promise<unknown> {
    if (!this.#client.isReady && this.#owned && !this.#closed) await this.#readySignal.promise
    this.#watchdog?.expectReply()
    try {
      return await this.#inFlight.track(this.#client.sendCommand(command))
    } catch (error) {
      if (isReadOnlyReplica(error)) reportReplica(this)
      throw error
    } finally {
      this.#watchdog?.replySettled()
    }
  }

  async subscribe(channel: string, listener: MessageListener): Promise<void> {
    const subscribed = this.#listeners.has(channel)
    this.#listeners.set(channel, listener)
    if (subscribed) return
    try {
      await this.#client.subscribe(channel, (message) => this.#onMessage(channel, message))
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
    this.#stateListeners.add(listener)
    return () => this.#stateListeners.delete(listener)
  }

  fork(): Connection {
    const client = this.#client.duplicate(ownedNodeRedisOptions(this.#timeout, this.#client.options?.socket))
    return new NodeRedisConnection(client, { timeout: this.#timeout, owned: true })
  }

  reconnect(): void {
    if (!this.#owned || this.#closed || !this.#client.isOpen) return
    this.#client.destroy()
    this.#onFailure()
    this.#connect()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#stopLeaving()
    clearTimeout(this.#retryTimer)
    if (this.#owned) {
      // the client's own close can wait forever
      await this.#inFlight.drained(this.#timeout)
      if (this.#client.isOpen) this.#client.destroy()
    }
    this.#readySignal.reject(new Error('the connection is closed'))
    for (const [event, listener] of this.#eventListeners)
      if (!this.#owned || event !== 'error') this.#client.off(event, listener)
    this.#stateListeners.clear()
  }

  #onMessage(channel: string, message: string): void {
    this.#watchdog?.recordActivity()
    this.#listeners.get(channel)?.(message)
  }

  #connect(): void {
    this.#client.connect().catch((error: Error) => this.#onFailure(error))
  }

  async #onReady(): Promise<void> {
    this.#readySignal.resolve()
    this.#rejection = undefined
    const info = await this.#client
      .sendCommand(['INFO', 'server'])
      .catch((error: unknown) => this.#onIdentityDenied(error))
    if (info === undefined || !this.#client.isReady) return
    this.#serverId = /run_id:(\w+)/.exec(String(info))?.[1]
    this.#emitState('up')
  }

  /** The user may not query the server's id. Waiting callers get the server's error, and the query is retried. */
  #onIdentityDenied(error: unknown): void {
    if (!isRejection(error) || this.#closed) return
    this.#rejection = error
    this.#emitState('down')
    this.#retryTimer = setTimeout(() => void this.#onReady(), IDENTITY_RETRY_MS).unref()
  }

  /** The connection was lost, or an attempt to open it failed. */
  #onFailure(error: Error = new Error('the connection is closed')): void {
    if (this.#client.isReady) return
    clearTimeout(this.#retryTimer)
    if (isRejection(error)) this.#rejection = error
    this.#readySignal.reject(error)
    this.#serverId = undefined
    this.#emitState('down')
  }

  #emitState(state: ConnectionState): void {
    for (const listener of [...this.#stateListeners]) listener(state)
  }
}
