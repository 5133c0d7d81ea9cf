import { type NodeRedisClient, ownNodeRedisBehaviour } from './node-redis.ts'
import type { NodeAddress, ShardLine, ShardLineEvents, ShardNodes } from './shard-lines.ts'
import { Silence } from './silence.ts'

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
  readonly #look: () => Promise<void>

  constructor(
    cluster: NodeRedisNodes,
    { timeout, look }: { readonly timeout: number; readonly look: () => Promise<void> },
  ) {
    this.#cluster = cluster
    this.#timeout = timeout
    this.#look = look
  }

  async masters(): Promise<readonly NodeAddress[]> {
    await this.#look()
    return this.#cluster.masters.map(({ host, port }) => ({ host, port }))
  }

  open(node: NodeAddress, events: ShardLineEvents): ShardLine {
    return new NodeRedisShardLine(this.#clientOf(node), { timeout: this.#timeout, ...events })
  }

  /** A client like that of the node, where the cluster has one. */
  #clientOf({ host, port }: NodeAddress): NodeClient {
    const known = this.#cluster.nodeByAddress.get(`${host}:${port}`)
    const like = known ?? this.#cluster.masters.find(({ client }) => client) ?? this.#cluster.masters[0]
    if (!like) throw new Error('no node of the cluster is known')
    if (!like.client) this.#cluster.nodeClient(like).catch(() => {})
    const { client } = like
    if (!client) throw new Error(`the node at ${host}:${port} cannot be reached`)
    const own = ownNodeRedisBehaviour(this.#timeout, {
      ...client.options?.socket,
      // the address of a known node may be a mapped one
      ...(!known && { host, port }),
    })
    return client.duplicate({
      ...own,
      // until it is open what is sent waits
      disableOfflineQueue: false,
      pingInterval: undefined,
      readonly: false,
      clientSideCache: undefined,
      // another line takes its place
      socket: { ...own.socket, reconnectStrategy: false },
    }) as NodeClient
  }
}

/** A line over node-redis. */
class NodeRedisShardLine implements ShardLine {
  readonly #client: NodeClient
  readonly #events: ShardLineEvents
  readonly #channels = new Set<string>()
  readonly #silence: Silence
  readonly #check: NodeJS.Timeout

  constructor(client: NodeClient, { timeout, ...events }: ShardLineEvents & { readonly timeout: number }) {
    this.#client = client
    this.#events = events
    // node-redis takes what is written for a sign of life
    this.#silence = new Silence(timeout, events.lost)
    client.on('error', events.lost)
    // the node has given a slot away, and ended its channels
    client.on('sharded-channel-moved', events.lost)
    client.connect().catch(events.lost)
    this.#check = setInterval(() => void this.#count().catch(() => {}), Math.ceil(timeout / 3))
    this.#check.unref()
  }

  async call(name: string, ...args: string[]): Promise<unknown> {
    this.#silence.due()
    try {
      return await this.#client.sendCommand([name, ...args])
    } finally {
      this.#silence.settled()
    }
  }

  async subscribe(channel: string): Promise<void> {
    await this.#client.sSubscribe(channel, (message) => {
      this.#silence.heard()
      this.#events.message(channel, message)
    })
    this.#channels.add(channel)
  }

  async unsubscribe(channel: string): Promise<void> {
    this.#channels.delete(channel)
    await this.#client.sUnsubscribe(channel)
  }

  close(): void {
    clearInterval(this.#check)
    this.#client.destroy()
  }

  /**
   * Keeps a quiet line open. And node-redis overhears that a slot's channels have ended if a command is under way at that
   * moment: the node itself says how many there are.
   */
  async #count(): Promise<void> {
    // those that follow are no part of the answer
    const known = this.#channels.size
    const [, count] = / ssub=(\d+)/.exec(String(await this.call('CLIENT', 'INFO'))) ?? []
    if (Number(count) < known) this.#events.lost()
  }
}
