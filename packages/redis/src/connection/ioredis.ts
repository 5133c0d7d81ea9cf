import { isDemotion, isRefusal } from '../errors.ts'
import type { Command, Connection, ConnectionState, Listener } from './connection.ts'
import { ASK_AGAIN, retryDelay } from './retry-delay.ts'
import { Silence } from './silence.ts'

/** What is used of an ioredis client. */
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
  /** In one array: a function takes no more than some 100,000 arguments, and a commit may have more. */
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

/** How connections of our own behave: what was sent and not answered is rejected, never sent again. */
export function ownBehaviour(timeout: number): object {
  return {
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    // every loss of the connection rejects what waits for it
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
  readonly #silence: Silence | undefined
  readonly #listeners = new Map<string, Listener>()
  readonly #states = new Set<(state: ConnectionState) => void>()
  readonly #heard: readonly (readonly [event: string, listener: (...args: string[]) => void])[]
  #server: string | undefined
  #refused: Error | undefined
  #again: NodeJS.Timeout | undefined
  #greeting = false
  #closed = false

  constructor(client: IoredisClient, { timeout, owned }: { readonly timeout: number; readonly owned: boolean }) {
    this.#client = client
    this.#timeout = timeout
    this.#owned = owned
    // a line on which nothing comes back is dropped; what is not ours has settings of its own
    if (owned) this.#silence = new Silence(timeout, () => this.#drop())
    const { host = 'localhost', port = 6379, path, db = 0 } = client.options
    this.database = db
    this.address = path ?? `${host}:${port}`
    this.#heard = [
      // until it is ready it is asked things of which nobody else knows
      ['connect', () => this.#greet()],
      ['ready', () => void this.#ready()],
      ['close', () => this.#lost()],
      ['message', (channel = '', message = '') => this.#message(channel, message)],
      // told to those whose calls it ends; ioredis prints what nobody listens to
      ['error', (error: unknown) => this.#failed(error)],
    ]
    for (const [event, listener] of this.#heard) client.on(event, listener)
    if (client.status === 'ready') void this.#ready()
  }

  get server(): string | undefined {
    return this.#server
  }

  get refused(): Error | undefined {
    return this.#refused
  }

  async send([name, ...args]: Command): Promise<unknown> {
    this.#silence?.due()
    try {
      return await this.#client.call(name, args)
    } catch (error) {
      if (isDemotion(error)) this.reset()
      throw this.#refused ?? error
    } finally {
      this.#silence?.settled()
    }
  }

  async subscribe(channel: string, listener: Listener): Promise<void> {
    this.#listeners.set(channel, listener)
    await this.#client.subscribe(channel)
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
    const client = this.#client.duplicate({ ...ownBehaviour(this.#timeout), lazyConnect: false })
    return new IoredisConnection(client, { timeout: this.#timeout, owned: true })
  }

  reset(): void {
    // one that was closed must not come back to life
    if (this.#owned && !this.#closed) this.#client.disconnect(true)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#again)
    if (this.#owned) {
      if (this.#client.status === 'ready') await this.#quit()
      this.#client.disconnect()
    }
    for (const [event, listener] of this.#heard)
      if (!this.#owned || event !== 'error') this.#client.off(event, listener)
    this.#states.clear()
  }

  /** A server that does not say goodbye is waited for no longer than for any other answer. */
  async #quit(): Promise<void> {
    this.#silence?.due()
    await this.#client.quit().catch(() => {})
    this.#silence?.settled()
  }

  #greet(): void {
    if (!this.#greeting) this.#silence?.due()
    this.#greeting = true
  }

  #greeted(): void {
    if (this.#greeting) this.#silence?.settled()
    this.#greeting = false
  }

  async #ready(): Promise<void> {
    this.#greeted()
    // nobody may be told that it is up before it is known who answers there
    const info = await this.send(['INFO', 'server']).catch((error: unknown) => this.#mayNotAsk(error))
    if (info === undefined || this.#client.status !== 'ready') return
    this.#refused = undefined
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

  #failed(error: unknown): void {
    if (isRefusal(error)) this.#refused = error
  }

  #message(channel: string, message: string): void {
    this.#silence?.heard()
    this.#listeners.get(channel)?.(message)
  }

  #drop(): void {
    this.#client.stream?.destroy(new Error(`nothing came back in ${this.#timeout} ms`))
  }

  #lost(): void {
    this.#greeted()
    clearTimeout(this.#again)
    this.#server = undefined
    this.#tell('down')
  }

  #tell(state: ConnectionState): void {
    for (const listener of [...this.#states]) listener(state)
  }
}
