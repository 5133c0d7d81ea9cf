import { type NodeRedisClient, ownedNodeRedisOptions } from './node-redis.ts'
import { ReplyWatchdog } from './reply-watchdog.ts'
import type { NodeAddress, ShardConnection, ShardConnectionEvents, ShardNodes } from './shard-connections.ts'

/** A node in a node-redis cluster client. */
interface NodeRedisNode extends NodeAddress {
  readonly client?: NodeRedisClient | undefined
  /** Present during the first connection attempt. */
  readonly connectPromise?: Promise<unknown> | undefined
}

/** The nodes that a node-redis cluster client knows. */
export interface NodeRedisNodes {
  readonly masters: readonly NodeRedisNode[]
  readonly nodeByAddress: ReadonlyMap<string, NodeRedisNode>
  nodeClient(node: NodeRedisNode): Promise<unknown>
}

/** The part of a cluster node's client that is used here. */
interface NodeClient extends NodeRedisClient {
  sSubscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  sUnsubscribe(channel: string): Promise<unknown>
}

/** The nodes of a cluster over node-redis. `refreshSlots` makes the client refresh its slot map. */
export class NodeRedisShardNodes implements ShardNodes {
  readonly #cluster: NodeRedisNodes
  readonly #timeout: number
  readonly #refreshSlots: () => Promise<void>

  constructor(
    cluster: NodeRedisNodes,
    { timeout, refreshSlots }: { readonly timeout: number; readonly refreshSlots: () => Promise<void> },
  ) {
    this.#cluster = cluster
    this.#timeout = timeout
    this.#refreshSlots = refreshSlots
  }

  async masters(): Promise<readonly NodeAddress[]> {
    await this.#refreshSlots()
    return this.#cluster.masters.map(({ host, port }) => ({ host, port }))
  }

  open(node: NodeAddress, events: ShardConnectionEvents): ShardConnection {
    return new NodeRedisShardConnection(this.#createClient(node), { timeout: this.#timeout, ...events })
  }

  /** Duplicates the node's client, or another node's if the cluster client has none for it. */
  #createClient({ host, port }: NodeAddress): NodeClient {
    const known = this.#cluster.nodeByAddress.get(`${host}:${port}`)
    const template = known ?? this.#cluster.masters.find(({ client }) => client) ?? this.#cluster.masters[0]
    if (!template) throw new Error('no cluster node is known')
    if (!template.client) this.#cluster.nodeClient(template).catch(() => {})
    const { client } = template
    if (!client) throw new Error(`the node at ${host}:${port} is unavailable`)
    const options = ownedNodeRedisOptions(this.#timeout, {
      ...client.options?.socket,
      // a known node keeps its client's address, which may be mapped
      ...(!known && { host, port }),
    })
    return client.duplicate({
      ...options,
      // commands wait until the connection is open
      disableOfflineQueue: false,
      pingInterval: undefined,
      readonly: false,
      clientSideCache: undefined,
      // a new connection replaces a lost one
      socket: { ...options.socket, reconnectStrategy: false },
    }) as NodeClient
  }
}

/** A connection to one node, over node-redis. */
class NodeRedisShardConnection implements ShardConnection {
  readonly #client: NodeClient
  readonly #events: ShardConnectionEvents
  readonly #channels = new Set<string>()
  readonly #watchdog: ReplyWatchdog
  readonly #checkTimer: NodeJS.Timeout

  constructor(client: NodeClient, { timeout, ...events }: ShardConnectionEvents & { readonly timeout: number }) {
    this.#client = client
    this.#events = events
    // node-redis's own timeout counts written data as activity
    this.#watchdog = new ReplyWatchdog(timeout, events.onLost)
    client.on('error', events.onLost)
    // a slot has moved to another node, which ended the slot's channels
    client.on('sharded-channel-moved', events.onLost)
    client.connect().catch(events.onLost)
    this.#checkTimer = setInterval(() => void this.#checkSubscriptions().catch(() => {}), Math.ceil(timeout / 3))
    this.#checkTimer.unref()
  }

  async call(name: string, ...args: string[]): Promise<unknown> {
    this.#watchdog.expectReply()
    try {
      return await this.#client.sendCommand([name, ...args])
    } finally {
      this.#watchdog.replySettled()
    }
  }

  async subscribe(channel: string): Promise<void> {
    await this.#client.sSubscribe(channel, (message) => {
      this.#watchdog.recordActivity()
      this.#events.onMessage(channel, message)
    })
    this.#channels.add(channel)
  }

  async unsubscribe(channel: string): Promise<void> {
    this.#channels.delete(channel)
    await this.#client.sUnsubscribe(channel)
  }

  close(): void {
    clearInterval(this.#checkTimer)
    this.#client.destroy()
  }

  /**
   * Compares the node's count of subscriptions with the expected one: node-redis misses the end of a slot's channels if a command
   * is in flight at that moment. The call also keeps an idle connection open.
   */
  async #checkSubscriptions(): Promise<void> {
    // read before the call: the reply does not cover later subscriptions
    const expected = this.#channels.size
    const [, count] = / ssub=(\d+)/.exec(String(await this.call('CLIENT', 'INFO'))) ?? []
    if (Number(count) < expected) this.#events.onLost()
  }
}
