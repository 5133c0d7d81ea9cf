import net from 'node:net'
import type { Connection } from '@platformatic/kafka'
import { KafkaFailure } from './client.ts'
import type { ClientSettings } from './settings.ts'

/** Purpose of a connection. Reads have their own connections, because a waiting read delays every request behind it. */
export type Lane = 'request' | 'live' | 'joining'

interface Address {
  readonly host: string
  readonly port: number
}

const MECHANISMS = { plain: 'PLAIN', 'scram-sha-256': 'SCRAM-SHA-256', 'scram-sha-512': 'SCRAM-SHA-512' } as const

/** Maximum time that a broker waits before it answers a read, in milliseconds. */
const MAX_FETCH_WAIT_MS = 500

/** Maximum number of requests in flight per connection; high enough never to be reached. */
const MAX_IN_FLIGHT = 1_000

interface OpenConnection {
  readonly connection: Connection
  readonly ready: Promise<unknown>
}

/** Connections to brokers, one per broker and lane, opened on demand. */
export class PlatformaticConnections {
  readonly #library: typeof import('@platformatic/kafka')
  readonly #settings: ClientSettings
  readonly #seeds: readonly Address[]
  readonly #brokers = new Map<number, Address>()
  readonly #open = new Map<string, OpenConnection>()
  #nextBroker = 0
  #closed = false

  constructor(settings: ClientSettings, library: typeof import('@platformatic/kafka')) {
    this.#library = library
    this.#settings = settings
    this.#seeds = settings.brokers.map((address) => {
      const [host = '', port = ''] = address.split(':')
      return { host, port: Number(port) }
    })
  }

  /** Records the addresses of brokers. */
  updateBrokers(brokers: readonly (Address & { readonly nodeId: number })[]): void {
    for (const { nodeId, host, port } of brokers) this.#brokers.set(nodeId, { host, port })
  }

  /** Connects to any broker, trying each address once. */
  async toAny(): Promise<Connection> {
    const addresses = [...this.#seeds, ...this.#brokers.values()]
    let failure: unknown
    for (const _ of addresses) {
      const address = addresses[this.#nextBroker % addresses.length] as Address
      try {
        return await this.#connectionTo(address, 'request')
      } catch (error) {
        failure = error
        this.#nextBroker++
      }
    }
    throw failure
  }

  /** Connects to the broker with a node id. */
  async to(broker: number, lane: Lane): Promise<Connection> {
    const address = this.#brokers.get(broker)
    if (!address)
      throw new KafkaFailure(
        'not-leader',
        broker < 0 ? 'the Kafka partition has no leader' : `broker ${broker} is missing in the metadata`,
      )
    return this.#connectionTo(address, lane)
  }

  /** Destroys all connections to a broker, which rejects their pending requests. */
  disconnect(broker: number): void {
    const address = this.#brokers.get(broker)
    if (!address) return
    for (const [name, open] of this.#open)
      if (name.endsWith(` ${address.host}:${address.port}`)) this.#destroy(name, open)
    this.#nextBroker++
  }

  async close(): Promise<void> {
    this.#closed = true
    const all = [...this.#open]
    for (const [name, open] of all) this.#destroy(name, open)
    await Promise.allSettled(all.map(([, { ready }]) => ready))
  }

  async #connectionTo(address: Address, lane: Lane): Promise<Connection> {
    if (this.#closed) throw new KafkaFailure('unreachable', 'the client is closed')
    const name = `${lane} ${address.host}:${address.port}`
    const open = this.#open.get(name) ?? this.#connect(name, address, lane)
    await open.ready
    return open.connection
  }

  #connect(name: string, { host, port }: Address, lane: Lane): OpenConnection {
    const { timeout, tls, sasl } = this.#settings
    const connection = new this.#library.Connection('sync', {
      connectTimeout: timeout,
      requestTimeout: lane === 'request' ? timeout : timeout + MAX_FETCH_WAIT_MS,
      maxInflights: MAX_IN_FLIGHT,
      ...(tls && { tls, ...(net.isIP(host) === 0 && { tlsServerName: host }) }),
      ...(sasl && { sasl: { ...sasl, mechanism: MECHANISMS[sasl.mechanism] } }),
    })
    const open = { connection, ready: Promise.resolve(connection.connect(host, port)) }
    const forget = (): void => {
      if (this.#open.get(name) === open) this.#open.delete(name)
    }
    connection.on('close', forget)
    connection.on('error', forget)
    open.ready.catch(forget)
    this.#open.set(name, open)
    return open
  }

  #destroy(name: string, { connection }: OpenConnection): void {
    this.#open.delete(name)
    // without an error, a connection that is still opening would never reject
    connection.socket?.destroy(new Error('connection closed: no answer'))
  }
}
