import type { Command, Connection, ConnectionState, Listener } from './connection.ts'
import { type IoredisClient, ownBehaviour } from './ioredis.ts'
import { retryDelay } from './retry-delay.ts'

/** Where a node says that a channel's slot is. */
const MOVED = /^MOVED \d+ (.*):(\d+)$/

/** How often a channel's slot is followed from node to node. */
const MOST_HOPS = 5

let rounds = 0

/**
 * The lines on which sharded channels of a cluster are heard, one to each node that has one of them. A node that is lost, or that
 * gives a slot away, may have lost messages: then all of it counts as down, and begins again on new lines.
 */
export class ShardLines implements Connection {
  readonly layout: { readonly cluster: boolean } = { cluster: true }
  readonly database = 0
  readonly address: string
  readonly #masters: () => Promise<IoredisClient[]>
  readonly #timeout: number
  readonly #listeners = new Map<string, Listener>()
  readonly #states = new Set<(state: ConnectionState) => void>()
  readonly #lines = new Map<string, IoredisClient>()
  readonly #homes = new Map<string, IoredisClient>()
  #server: string | undefined
  #attempts = 0
  #again: NodeJS.Timeout | undefined
  #closed = false

  constructor(
    masters: () => Promise<IoredisClient[]>,
    { timeout, address }: { readonly timeout: number; readonly address: string },
  ) {
    this.#masters = masters
    this.#timeout = timeout
    this.address = address
    this.#begin(0)
  }

  get server(): string | undefined {
    return this.#server
  }

  /** To every node that is listened to. */
  send([name, ...args]: Command): Promise<unknown> {
    return Promise.all([...this.#lines.values()].map((line) => line.call(name, ...args)))
  }

  async subscribe(channel: string, listener: Listener): Promise<void> {
    this.#listeners.set(channel, listener)
    const round = this.#server
    let line = [...this.#lines.values()][0]
    for (let hop = 0; line && round === this.#server && hop < MOST_HOPS; hop++) {
      try {
        // in capitals: ioredis would tell of a refused `ssubscribe` as of a slot that was given away
        await line.call('SSUBSCRIBE', channel)
        this.#homes.set(channel, line)
        return
      } catch (error) {
        const [, host = '', port] = MOVED.exec(error instanceof Error ? error.message : '') ?? []
        if (port === undefined || round !== this.#server) throw error
        line = this.#lineTo(host || line.options.host || '', Number(port), line)
      }
    }
    throw new Error('no node has the slot of the channel')
  }

  async unsubscribe(channel: string): Promise<void> {
    this.#listeners.delete(channel)
    const line = this.#homes.get(channel)
    this.#homes.delete(channel)
    await line?.call('SUNSUBSCRIBE', channel)
  }

  onState(listener: (state: ConnectionState) => void): () => void {
    this.#states.add(listener)
    return () => this.#states.delete(listener)
  }

  fork(): Connection {
    return new ShardLines(this.#masters, { timeout: this.#timeout, address: this.address })
  }

  reset(): void {
    if (this.#closed) return
    const wasUp = this.#server !== undefined
    this.#drop()
    if (wasUp) this.#tell('down')
    this.#begin(retryDelay(this.#attempts++))
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#again)
    this.#drop()
    this.#states.clear()
  }

  #begin(delay: number): void {
    clearTimeout(this.#again)
    this.#again = setTimeout(() => void this.#open(), delay)
    this.#again.unref()
  }

  /** Up as soon as one node answers; the others are found by the slots of the channels. */
  async #open(): Promise<void> {
    const masters = await this.#masters().catch(() => [])
    if (this.#closed) return
    const seed = masters[this.#attempts % masters.length]
    if (!seed) {
      this.#tell('down')
      this.#begin(retryDelay(this.#attempts++))
      return
    }
    const { host = 'localhost', port = 6379 } = seed.options
    const line = this.#lineTo(host, port, seed)
    const answered = await line.call('PING').catch(() => undefined)
    if (answered === undefined || this.#closed || this.#lines.get(`${host}:${port}`) !== line) return
    this.#attempts = 0
    this.#server = `round ${++rounds}`
    this.#tell('up')
  }

  #lineTo(host: string, port: number, like: IoredisClient): IoredisClient {
    const name = `${host}:${port}`
    const known = this.#lines.get(name)
    if (known) return known
    const line = like.duplicate({
      ...ownBehaviour(this.#timeout),
      host,
      port,
      lazyConnect: false,
      enableOfflineQueue: true,
      enableReadyCheck: false,
      readOnly: false,
      // another line takes its place
      retryStrategy: null,
    })
    this.#lines.set(name, line)
    line.on('smessage', (channel: string, message: string) => this.#listeners.get(channel)?.(message))
    line.on('error', () => {})
    const lost = (): void => {
      if (this.#lines.get(name) !== line) return
      if (this.#server === undefined) this.#tell('down')
      this.reset()
    }
    line.on('close', lost)
    // the node has given a slot away, and ended its channels
    line.on('moved', () => lost())
    return line
  }

  #drop(): void {
    this.#server = undefined
    const lines = [...this.#lines.values()]
    this.#lines.clear()
    this.#homes.clear()
    for (const line of lines) line.disconnect()
  }

  #tell(state: ConnectionState): void {
    for (const listener of [...this.#states]) listener(state)
  }
}
