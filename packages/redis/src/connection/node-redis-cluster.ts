import { ClusterIdentity } from './cluster-identity.ts'
import type { Command, Connection } from './connection.ts'
import { InFlight } from './in-flight.ts'
import { ownedNodeRedisOptions } from './node-redis.ts'
import { type NodeRedisNodes, NodeRedisShardNodes } from './node-redis-shard-nodes.ts'
import { ReadySignal } from './ready-signal.ts'
import { retryDelay } from './retry-delay.ts'
import { type NodeAddress, ShardConnections } from './shard-connections.ts'

/** The part of a node-redis cluster client that is used here. */
export interface NodeRedisCluster extends NodeRedisNodes {
  readonly isReady: boolean
  /** Private slot map. node-redis has no public way to refresh it. */
  readonly _slots?: { rediscover?(): Promise<unknown> }
  connect(): Promise<unknown>
  sendCommand(key: string | undefined, isReadonly: boolean, args: readonly string[]): Promise<unknown>
  destroy(): void
  // biome-ignore lint/suspicious/noExplicitAny: events differ in what they carry
  on(event: string, listener: (...args: any[]) => void): unknown
  // biome-ignore lint/suspicious/noExplicitAny: as above
  off(event: string, listener: (...args: any[]) => void): unknown
}

/** Maximum delay between attempts to reconnect to a node, in ms. Each attempt may find that another node has its slots. */
const MAX_RECONNECT_DELAY_MS = 250

/** Minimum pause between two refreshes of the slot map, in ms. */
const REFRESH_PAUSE_MS = 100

/** Options of cluster clients that this package opens. `socket` and `defaults` apply to every node. */
export function ownedNodeRedisClusterOptions(
  timeout: number,
  { socket, ...defaults }: { readonly socket: object },
): object {
  const { commandOptions, RESP, ...node } = ownedNodeRedisOptions(timeout, socket)
  const reconnectStrategy = (attempts: number): number => Math.min(MAX_RECONNECT_DELAY_MS, retryDelay(attempts))
  return {
    RESP,
    commandOptions,
    // otherwise an unavailable node delays the opening and every refresh of the slot map
    minimizeConnections: true,
    defaults: { ...node, ...defaults, socket: { ...node.socket, reconnectStrategy } },
  }
}

/** A connection for commands to a Redis Cluster, over node-redis. Subscriptions need a fork. */
export class NodeRedisClusterConnection implements Connection {
  readonly layout: { readonly cluster: boolean } = { cluster: true }
  readonly database = 0
  readonly address: string
  readonly #client: NodeRedisCluster
  readonly #timeout: number
  readonly #owned: boolean
  readonly #inFlight = new InFlight()
  readonly #rediscoveries = new InFlight()
  /** Settles with the next connection attempt. */
  readonly #readySignal = new ReadySignal()
  readonly #identity: ClusterIdentity
  readonly #eventListeners: readonly (readonly [event: string, listener: (error: Error, node: NodeAddress) => void])[]
  #lastError: Error | undefined
  #retryTimer: NodeJS.Timeout | undefined
  #refreshing: Promise<unknown> | undefined
  #closed = false

  constructor(
    client: NodeRedisCluster,
    { timeout, owned, address }: { readonly timeout: number; readonly owned: boolean; readonly address: string },
  ) {
    this.#client = client
    this.#timeout = timeout
    this.#owned = owned
    this.address = address
    this.#identity = new ClusterIdentity(() => client.sendCommand(undefined, false, ['CLUSTER', 'NODES']))
    const refresh = (): void => void this.#identity.refresh()
    this.#eventListeners = [
      ['connect', refresh],
      ['node-ready', refresh],
      ['node-disconnect', refresh],
      // remembered for the calls that it rejects; without a listener node-redis throws the error
      [
        'error',
        (error) => {
          this.#lastError = error
        },
      ],
      ['node-error', (_error, node) => this.#onNodeError(node)],
    ]
    for (const [event, listener] of this.#eventListeners) client.on(event, listener)
    if (client.isReady) refresh()
    else if (owned) void this.#connect(0)
  }

  /** The ids of the cluster's nodes. */
  get serverId(): string | undefined {
    return this.#identity.current
  }

  async send(command: Command, key?: string): Promise<unknown> {
    if (this.#owned && !this.#closed && !this.#client.isReady) await this.#readySignal.promise
    try {
      return await this.#inFlight.track(this.#client.sendCommand(key, false, command))
    } catch (error) {
      // the lost connection may be that of a master that was replaced
      if (!isServerError(error)) void this.#refreshSlots()
      throw error
    }
  }

  subscribe(): Promise<void> {
    return Promise.reject(new TypeError('a cluster connection cannot subscribe; use fork()'))
  }

  unsubscribe(): Promise<void> {
    return this.subscribe()
  }

  onState(): () => void {
    return () => {}
  }

  fork(): Connection {
    const refreshSlots = async (): Promise<void> => {
      if (this.#owned && !this.#client.isReady) await this.#readySignal.promise
      await this.#refreshSlots()
    }
    const nodes = new NodeRedisShardNodes(this.#client, { timeout: this.#timeout, refreshSlots })
    return new ShardConnections(nodes, { address: this.address })
  }

  reconnect(): void {
    void this.#refreshSlots()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#retryTimer)
    this.#identity.close()
    this.#readySignal.reject(new Error('the connection is closed'))
    // a client destroyed during a refresh would afterwards open connections that stay open
    await this.#rediscoveries.drained(this.#timeout)
    if (this.#owned) {
      // the client's own close can wait forever
      await this.#inFlight.drained(this.#timeout)
      this.#client.destroy()
    }
    for (const [event, listener] of this.#eventListeners)
      if (!this.#owned || event !== 'error') this.#client.off(event, listener)
  }

  async #connect(attempts: number): Promise<void> {
    try {
      await this.#client.connect()
      this.#readySignal.resolve()
    } catch (error) {
      if (this.#closed) return
      this.#readySignal.reject(this.#lastError ?? (error as Error))
      this.#retryTimer = setTimeout(() => void this.#connect(attempts + 1), retryDelay(attempts))
      this.#retryTimer.unref()
    }
  }

  /** A node's connection was lost, or an attempt to open it failed. */
  #onNodeError({ host, port }: NodeAddress): void {
    const node = this.#client.nodeByAddress.get(`${host}:${port}`)
    // calls that wait for the first attempt would also wait for all later ones
    if (this.#owned && node?.connectPromise) node.client?.destroy()
    void this.#refreshSlots()
  }

  /** Refreshes the client's slot map. The client itself does not after a failure of a node that it never reached. */
  async #refreshSlots(): Promise<void> {
    if (this.#closed || !this.#client.isReady) return
    this.#refreshing ??= this.#rediscover()
      ?.catch(() => this.#identity.reset())
      .finally(() => setTimeout(() => (this.#refreshing = undefined), REFRESH_PAUSE_MS).unref())
    await this.#refreshing
  }

  #rediscover(): Promise<unknown> | undefined {
    const rediscovery = this.#client._slots?.rediscover?.()
    return rediscovery && this.#rediscoveries.track(rediscovery)
  }
}

/** True if the error is a server's reply, not the client's own. */
const isServerError = (error: unknown): boolean => error instanceof Error && /^[A-Z]+ /.test(error.message)
