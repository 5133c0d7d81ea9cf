import { Arrival } from './arrival.ts'
import { ClusterIdentity } from './cluster-identity.ts'
import type { Command, Connection } from './connection.ts'
import type { IoredisClient } from './ioredis.ts'
import { IoredisShardNodes, type NatMap } from './ioredis-shard-nodes.ts'
import { retryDelay } from './retry-delay.ts'
import { ShardLines } from './shard-lines.ts'

/** What is used of an ioredis `Cluster`. */
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

/** How clusters of our own behave: only what a node has refused is sent again, where it says. */
export const ownClusterBehaviour = (timeout: number): object => ({
  // the line to a node is opened by the first command to it: those that come meanwhile wait for it
  enableOfflineQueue: true,
  clusterRetryStrategy: retryDelay,
  retryDelayOnFailover: 0,
  slotsRefreshTimeout: timeout,
})

/** How the connections to each node of such a cluster behave. */
export const ownNodeBehaviour = (timeout: number): object => ({
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  socketTimeout: timeout,
  connectTimeout: timeout,
})

/** How often it is asked which node has which slot, in ms. */
const REFRESH = 1_000

/** Commands to a Redis Cluster, over ioredis. What is published is heard on a fork. */
export class IoredisClusterConnection implements Connection {
  readonly layout: { readonly cluster: boolean } = { cluster: true }
  readonly database = 0
  readonly address: string
  readonly #client: IoredisCluster
  readonly #timeout: number
  readonly #owned: boolean
  readonly #attempt = new Arrival()
  readonly #identity: ClusterIdentity
  readonly #heard: readonly (readonly [event: string, listener: (error?: Error) => void])[]
  readonly #refresh: NodeJS.Timeout | undefined
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
    let last: Error | undefined
    this.#heard = [
      [
        'ready',
        () => {
          last = undefined
          this.#attempt.arrived()
        },
      ],
      ['ready', refresh],
      ['+node', refresh],
      ['-node', refresh],
      ['close', () => this.#attempt.failed(last ?? new Error('no node of the cluster can be reached'))],
      ['close', () => this.#identity.lost()],
      // told to those whose calls it ends
      [
        'error',
        (error) => {
          last = reasonOf(error)
        },
      ],
    ]
    for (const [event, listener] of this.#heard) client.on(event, listener)
    if (client.status === 'ready') refresh()
    // ioredis would go on for ever if it is closed while it asks
    if (owned)
      this.#refresh = setInterval(() => client.status === 'ready' && client.refreshSlotsCache(), REFRESH).unref()
  }

  /** The cluster, by its nodes. */
  get server(): string | undefined {
    return this.#identity.current
  }

  async send([name, ...args]: Command): Promise<unknown> {
    if (this.#owned && !this.#closed && this.#client.status !== 'ready') await this.#attempt.promise
    try {
      return await this.#client.call(name, args)
    } catch (error) {
      // a line that was lost may be that of a master which another has replaced
      if (!this.#closed && error instanceof Error && !('command' in error)) this.#client.refreshSlotsCache()
      throw error
    }
  }

  subscribe(): Promise<void> {
    return Promise.reject(new TypeError('a fork is needed to listen on'))
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
    return new ShardLines(nodes, { address: this.address })
  }

  reset(): void {
    this.#client.refreshSlotsCache()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#refresh)
    this.#identity.close()
    this.#attempt.failed(new Error('the connection is closed'))
    if (this.#owned) {
      if (this.#client.status === 'ready') await this.#client.quit().catch(() => {})
      this.#client.disconnect()
    }
    for (const [event, listener] of this.#heard)
      if (!this.#owned || event !== 'error') this.#client.off(event, listener)
  }
}

/** ioredis tells of all nodes that failed at once; what the last of them said stands beside that. */
const reasonOf = (error?: Error & { readonly lastNodeError?: Error | null }): Error | undefined =>
  error?.lastNodeError ?? error
