import { ClusterIdentity } from './cluster-identity.ts'
import type { Command, Connection } from './connection.ts'
import type { IoredisClient } from './ioredis.ts'
import { IoredisShardNodes, type NatMap } from './ioredis-shard-nodes.ts'
import { ReadySignal } from './ready-signal.ts'
import { retryDelay } from './retry-delay.ts'
import { ShardConnections } from './shard-connections.ts'

/** The part of an ioredis `Cluster` that is used here. */
export interface IoredisCluster {
  readonly isCluster: true
  readonly status: string
  readonly options: { readonly keyPrefix?: string | undefined; readonly natMap?: NatMap | undefined }
  call(name: string, args: readonly string[]): Promise<unknown>
  nodes(role: 'master'): IoredisClient[]
  refreshSlotsCache(): void
  disconnect(): void
  quit(): Promise<unknown>
  on(event: string, listener: (error?: Error) => void): unknown
  off(event: string, listener: (error?: Error) => void): unknown
}

/** Options of cluster clients that this package opens. A command is sent again only if a node redirected it. */
export const ownedClusterOptions = (timeout: number): object => ({
  // the first command to a node opens its connection; further commands must wait for it
  enableOfflineQueue: true,
  clusterRetryStrategy: retryDelay,
  retryDelayOnFailover: 0,
  slotsRefreshTimeout: timeout,
})

/** Options of the connections to the nodes of such a cluster. */
export const ownedNodeOptions = (timeout: number): object => ({
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  socketTimeout: timeout,
  connectTimeout: timeout,
})

/** Interval between refreshes of the slot map, in ms. */
const SLOT_REFRESH_INTERVAL_MS = 1_000

/** A connection for commands to a Redis Cluster, over ioredis. Subscriptions need a fork. */
export class IoredisClusterConnection implements Connection {
  readonly layout: { readonly cluster: boolean } = { cluster: true }
  readonly database = 0
  readonly address: string
  readonly #client: IoredisCluster
  readonly #timeout: number
  readonly #owned: boolean
  readonly #readySignal = new ReadySignal()
  readonly #identity: ClusterIdentity
  readonly #eventListeners: readonly (readonly [event: string, listener: (error?: Error) => void])[]
  readonly #refreshTimer: NodeJS.Timeout | undefined
  #closed = false

  constructor(
    client: IoredisCluster,
    { timeout, owned, address }: { readonly timeout: number; readonly owned: boolean; readonly address: string },
  ) {
    this.#client = client
    this.#timeout = timeout
    this.#owned = owned
    this.address = address
    this.#identity = new ClusterIdentity(() => client.call('CLUSTER', ['NODES']))
    const refresh = (): void => void this.#identity.refresh()
    let lastError: Error | undefined
    this.#eventListeners = [
      [
        'ready',
        () => {
          lastError = undefined
          this.#readySignal.resolve()
        },
      ],
      ['ready', refresh],
      ['+node', refresh],
      ['-node', refresh],
      ['close', () => this.#readySignal.reject(lastError ?? new Error('no node of the cluster is available'))],
      ['close', () => this.#identity.reset()],
      // remembered for the calls that it rejects
      [
        'error',
        (error) => {
          lastError = underlyingError(error)
        },
      ],
    ]
    for (const [event, listener] of this.#eventListeners) client.on(event, listener)
    if (client.status === 'ready') refresh()
    // this package's own timer instead of ioredis's, which never ends if the client is closed during a refresh
    if (owned)
      this.#refreshTimer = setInterval(
        () => client.status === 'ready' && client.refreshSlotsCache(),
        SLOT_REFRESH_INTERVAL_MS,
      ).unref()
  }

  /** The ids of the cluster's nodes. */
  get serverId(): string | undefined {
    return this.#identity.current
  }

  async send([name, ...args]: Command): Promise<unknown> {
    if (this.#owned && !this.#closed && this.#client.status !== 'ready') await this.#readySignal.promise
    try {
      return await this.#client.call(name, args)
    } catch (error) {
      // the lost connection may be that of a master that was replaced
      if (!this.#closed && error instanceof Error && !('command' in error)) this.#client.refreshSlotsCache()
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
    const masters = async (): Promise<IoredisClient[]> => {
      await this.send(['PING'])
      return this.#client.nodes('master')
    }
    const nodes = new IoredisShardNodes(masters, { timeout: this.#timeout, natMap: this.#client.options.natMap })
    return new ShardConnections(nodes, { address: this.address })
  }

  reconnect(): void {
    this.#client.refreshSlotsCache()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#refreshTimer)
    this.#identity.close()
    this.#readySignal.reject(new Error('the connection is closed'))
    if (this.#owned) {
      if (this.#client.status === 'ready') await this.#client.quit().catch(() => {})
      this.#client.disconnect()
    }
    for (const [event, listener] of this.#eventListeners)
      if (!this.#owned || event !== 'error') this.#client.off(event, listener)
  }
}

/** ioredis reports one error for all failed nodes; the last node's own error is a property of it. */
const underlyingError = (error?: Error & { readonly lastNodeError?: Error | null }): Error | undefined =>
  error?.lastNodeError ?? error
