import { isReadOnlyReplica, isRejection } from '../errors.ts'
import type { Command, Connection, ConnectionState, MessageListener } from './connection.ts'
import { leaveWhenDemoted, reportReplica } from './demotions.ts'
import { ReplyWatchdog } from './reply-watchdog.ts'
import { IDENTITY_RETRY_MS, retryDelay } from './retry-delay.ts'

/** The part of an ioredis client that is used here. */
export interface IoredisClient {
  readonly status: string
  readonly options: {
    readonly host?: string | undefined
    readonly port?: number | undefined
    readonly path?: string | undefined
    readonly db?: number | undefined
    readonly keyPrefix?: string | undefined
  }
  readonly stream?: { destroy(error: Error): unknown } | null
  /** Takes the arguments as one array: a function accepts only about 100,000 arguments, and a commit may have more. */
  call(name: string, args: readonly string[]): Promise<unknown>
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  duplicate(options: object): IoredisClient
  disconnect(reconnect?: boolean): void
  quit(): Promise<unknown>
  // biome-ignore lint/suspicious/noExplicitAny: events differ in what they carry
  on(event: string, listener: (...args: any[]) => void): unknown
  // biome-ignore lint/suspicious/noExplicitAny: as above
  off(event: string, listener: (...args: any[]) => void): unknown
}

/** Options of clients that this package opens. A command without a reply is rejected, never sent again. */
export function ownedClientOptions(timeout: number): object {
  return {
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    // each connection loss rejects the waiting commands
    maxRetriesPerRequest: 0,
    connectTimeout: timeout,
    retryStrategy: retryDelay,
  }
}

/** A connection over ioredis. */
export class IoredisConnection implements Connection {
  readonly layout: { readonly cluster: boolean } = { cluster: false }
  readonly database: number
  readonly address: string
  readonly #client: IoredisClient
  readonly #timeout: number
  readonly #owned: boolean
  readonly #watchdog: ReplyWatchdog | undefined
  readonly #listeners = new Map<string, MessageListener>()
  readonly #stateListeners = new Set<(state: ConnectionState) => void>()
  readonly #eventListeners: readonly (readonly [event: string, listener: (...args: string[]) => void])[]
  readonly #stopLeaving = leaveWhenDemoted(this)
  #serverId: string | undefined
  #rejection: Error | undefined
  /** Failure of the last connection attempt, such as a refused connection or a bad certificate. */
  #connectError: Error | undefined
  #retryTimer: NodeJS.Timeout | undefined
  #handshaking = false
  #closed = false

  constructor(client: IoredisClient, { timeout, owned }: { readonly timeout: number; readonly owned: boolean }) {
    this.#client = client
    this.#timeout = timeout
    this.#owned = owned
    // only for owned clients: a client passed by the user has its own timeouts
    if (owned) this.#watchdog = new ReplyWatchdog(timeout, () => this.#destroySocket())
    const { host = 'localhost', port = 6379, path, db = 0 } = client.options
    this.database = db
    this.address = path ?? `${host}:${port}`
    this.#eventListeners = [
      // until `ready`, ioredis sends commands of its own whose replies the watchdog must await too
      ['connect', () => this.#startHandshake()],
      ['ready', () => void this.#onReady()],
      ['close', () => this.#onClose()],
      ['message', (channel = '', message = '') => this.#onMessage(channel, message)],
      // reported by the calls that it rejects; without a listener ioredis prints the error
      ['error', (error: unknown) => this.#onError(error)],
    ]
    for (const [event, listener] of this.#eventListeners) client.on(event, listener)
    if (client.status === 'ready') void this.#onReady()
  }

  get serverId(): string | undefined {
    return this.#serverId
  }

  get rejection(): Error | undefined {
    return this.#rejection
  }

  async send([name, ...args]: Command): Promise<unknown> {
    this.#watchdog?.expectReply()
    try {
      return await this.#client.call(name, args)
    } catch (error) {
      if (isReadOnlyReplica(error)) reportReplica(this)
      throw this.#rejection ?? this.#causeOf(error)
    } finally {
      this.#watchdog?.replySettled()
    }
  }

  async subscribe(channel: string, listener: MessageListener): Promise<void> {
    this.#listeners.set(channel, listener)
    await this.#client.subscribe(channel)
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
    const client = this.#client.duplicate({ ...ownedClientOptions(this.#timeout), lazyConnect: false })
    return new IoredisConnection(client, { timeout: this.#timeout, owned: true })
  }

  reconnect(): void {
    // a closed client must not reconnect
    if (this.#owned && !this.#closed) this.#client.disconnect(true)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#stopLeaving()
    clearTimeout(this.#retryTimer)
    if (this.#owned) {
      if (this.#client.status === 'ready') await this.#quit()
      this.#client.disconnect()
    }
    for (const [event, listener] of this.#eventListeners)
      if (!this.#owned || event !== 'error') this.#client.off(event, listener)
    this.#stateListeners.clear()
  }

  /** Sends QUIT, under the reply timeout. */
  async #quit(): Promise<void> {
    this.#watchdog?.expectReply()
    await this.#client.quit().catch(() => {})
    this.#watchdog?.replySettled()
  }

  #startHandshake(): void {
    if (!this.#handshaking) this.#watchdog?.expectReply()
    this.#handshaking = true
  }

  #endHandshake(): void {
    if (this.#handshaking) this.#watchdog?.replySettled()
    this.#handshaking = false
  }

  async #onReady(): Promise<void> {
    this.#endHandshake()
    // `up` must not be reported before the server's id is known
    const info = await this.send(['INFO', 'server']).catch((error: unknown) => this.#onIdentityDenied(error))
    if (info === undefined || this.#client.status !== 'ready') return
    this.#rejection = undefined
    this.#connectError = undefined
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

  #onError(error: unknown): void {
    if (error instanceof Error) this.#connectError = error
    if (!isRejection(error)) return
    this.#rejection = error
    // ioredis would continue in database 0
    if (this.#owned && isFailedSelect(error)) this.#client.stream?.destroy(error)
  }

  /** Returns the reason of a failed command: ioredis itself reports only that it gave up. */
  #causeOf(error: unknown): unknown {
    const gaveUp = error instanceof Error && error.name === 'MaxRetriesPerRequestError'
    return gaveUp && this.#connectError ? this.#connectError : error
  }

  #onMessage(channel: string, message: string): void {
    this.#watchdog?.recordActivity()
    this.#listeners.get(channel)?.(message)
  }

  #destroySocket(): void {
    this.#client.stream?.destroy(new Error(`no reply within ${this.#timeout} ms`))
  }

  #onClose(): void {
    this.#endHandshake()
    clearTimeout(this.#retryTimer)
    this.#serverId = undefined
    this.#emitState('down')
  }

  #emitState(state: ConnectionState): void {
    for (const listener of [...this.#stateListeners]) listener(state)
  }
}

/** True if the server rejected the SELECT that ioredis sends on each new connection. */
const isFailedSelect = (error: Error & { readonly command?: { readonly name?: string } }): boolean =>
  error.command?.name === 'select'
