import { type NodeRedisClient, ownedNodeRedisOptions } from './node-redis.ts'
import { ReplyWatchdog } from './reply-watchdog.ts'
import type { NodeAddress, ShardConnection, ShardConnectionEvents, ShardNodes } from './shard-connections.ts'

/** A node, as a cluster client of node-redis knows it. */
interface NodeRedisNode extends NodeAddress {
  readonly client?: NodeRedisClient | undefined
  /** The first attempt to open its line is under way. */
  readonly connectPromise?: Promise<unknown> | undefined
}

/** What a cluster client of node-redis knows. */
export interface NodeRedisNodes {
  readonly masters: readonly NodeRedisNode[]
  readonly nodeByAddress: ReadonlyMap<string, NodeRedisNode>
  nodeClient(node: NodeRedisNode): Promise<unknown>
}

/** What is used of a client of one node of a cluster. */
interface NodeClient extends NodeRedisClient {
  sSubscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  sUnsubscribe(channel: string): Promise<unknown>
}

/** The nodes of a cluster over node-redis. `look`: has the client find out who has which slots. */
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

  /** A client like that of the node, where the cluster has one. */
  #createClient({ host, port }: NodeAddress): NodeClient {
    const known = this.#cluster.nodeByAddress.get(`${host}:${port}`)
    const template = known ?? this.#cluster.masters.find(({ client }) => client) ?? this.#cluster.masters[0]
    if (!template) throw new Error('no node of the cluster is known')
    if (!template.client) this.#cluster.nodeClient(template).catch(() => {})
    const { client } = template
    if (!client) throw new Error(`the node at ${host}:${port} cannot be reached`)
    const options = ownedNodeRedisOptions(this.#timeout, {
      ...client.options?.socket,
      // the address of a known node may be a mapped one
      ...(!known && { host, port }),
    })
    return client.duplicate({
      ...options,
      // until it is open what is sent waits
      disableOfflineQueue: false,
      pingInterval: undefined,
      readonly: false,
      clientSideCache: undefined,
      // another line takes its place
      socket: { ...options.socket, reconnectStrategy: false },
    }) as NodeClient
  }
}

/** A line over node-redis. */
class NodeRedisShardConnection implements ShardConnection {
  readonly #client: NodeClient
  readonly #events: ShardConnectionEvents
  readonly #channels = new Set<string>()
  readonly #watchdog: ReplyWatchdog
  readonly #checkTimer: NodeJS.Timeout

  constructor(client: NodeClient, { timeout, ...events }: ShardConnectionEvents & { readonly timeout: number }) {
    this.#client = client
    this.#events = events
    // node-redis takes what is written for a sign of life
    this.#watchdog = new ReplyWatchdog(timeout, events.onLost)
    client.on('error', events.onLost)
    // the node has given a slot away, and ended its channels
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
   * Keeps a quiet line open. And node-redis overhears that a slot's channels have ended if a command is under way at that
   * moment: the node itself says how many there are.
   */
  async #checkSubscriptions(): Promise<void> {
    // those that follow are no part of the answer
    const expected = this.#channels.size
    const [, count] = / ssub=(\d+)/.exec(String(await this.call('CLIENT', 'INFO'))) ?? []
    if (Number(count) < expected) this.#events.onLost()
  }
}
