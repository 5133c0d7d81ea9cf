import { isRejection } from '../errors.ts'
import type { Command, Connection, ConnectionState, MessageListener } from './connection.ts'
import { retryDelay } from './retry-delay.ts'

/** Address of a node, as the nodes announce it. */
export interface NodeAddress {
  readonly host: string
  readonly port: number
}

/** A connection to one cluster node for sharded channels. It never reconnects. */
export interface ShardConnection {
  call(name: string, ...args: string[]): Promise<unknown>
  /** Rejects with the node's MOVED error if another node has the channel's slot. */
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  close(): void
}

/** Events of a shard connection. */
export interface ShardConnectionEvents {
  readonly onMessage: (channel: string, message: string) => void
  /** The connection was lost, or a slot moved to another node, which ended the slot's channels. */
  readonly onLost: () => void
}

/** The nodes of a cluster, independent of the client package. */
export interface ShardNodes {
  /** Refreshes the slot map, and returns the nodes that have slots. */
  masters(): Promise<readonly NodeAddress[]>
  open(node: NodeAddress, events: ShardConnectionEvents): ShardConnection
}

/** A shard connection and its node. */
interface NodeConnection {
  readonly node: NodeAddress
  readonly connection: ShardConnection
  /** Resolves once the node has confirmed that it is a master. */
  readonly confirmed: Promise<void>
}

/** Redirection to the node that has a channel's slot. */
const MOVED_ERROR = /^MOVED \d+ (.*):(\d+)$/

/** Maximum number of redirects per subscription. */
const MAX_REDIRECTS = 5

let connectCount = 0

/**
 * Subscriptions to sharded channels of a cluster, over one connection per node. When a connection is lost or a slot moves away,
 * messages may be lost: then the whole set counts as down and reconnects.
 */
export class ShardConnections implements Connection {
  readonly layout: { readonly cluster: boolean } = { cluster: true }
  readonly database = 0
  readonly address: string
  readonly #nodes: ShardNodes
  readonly #listeners = new Map<string, MessageListener>()
  readonly #stateListeners = new Set<(state: ConnectionState) => void>()
  readonly #connections = new Map<string, NodeConnection>()
  readonly #channelConnections = new Map<string, ShardConnection>()
  #serverId: string | undefined
  #rejection: Error | undefined
  #attempts = 0
  #retryTimer: NodeJS.Timeout | undefined
  #closed = false

  constructor(nodes: ShardNodes, { address }: { readonly address: string }) {
    this.#nodes = nodes
    this.address = address
    this.#scheduleConnect(0)
  }

  get serverId(): string | undefined {
    return this.#serverId
  }

  get rejection(): Error | undefined {
    return this.#rejection
  }

  /** Sends the command to every connected node. */
  send([name, ...args]: Command): Promise<unknown> {
    return Promise.all([...this.#connections.values()].map(({ connection }) => connection.call(name, ...args)))
  }

  async subscribe(channel: string, listener: MessageListener): Promise<void> {
    this.#listeners.set(channel, listener)
    const serverId = this.#serverId
    let current = [...this.#connections.values()][0]
    for (let redirects = 0; current && serverId === this.#serverId && redirects < MAX_REDIRECTS; redirects++) {
      try {
        await current.confirmed
        await current.connection.subscribe(channel)
        this.#channelConnections.set(channel, current.connection)
        return
      } catch (error) {
        const [, host = '', port] = MOVED_ERROR.exec(error instanceof Error ? error.message : '') ?? []
        if (port === undefined || serverId !== this.#serverId) throw error
        current = this.#connectionTo({ host: host || current.node.host, port: Number(port) })
      }
    }
    throw new Error(`no node accepted the subscription to ${channel}`)
  }

  async unsubscribe(channel: string): Promise<void> {
    this.#listeners.delete(channel)
    const connection = this.#channelConnections.get(channel)
    this.#channelConnections.delete(channel)
    await connection?.unsubscribe(channel)
  }

  onState(listener: (state: ConnectionState) => void): () => void {
    this.#stateListeners.add(listener)
    return () => this.#stateListeners.delete(listener)
  }

  fork(): Connection {
    return new ShardConnections(this.#nodes, { address: this.address })
  }

  reconnect(): void {
    if (this.#closed) return
    const wasUp = this.#serverId !== undefined
    this.#closeAll()
    if (wasUp) this.#emitState('down')
    this.#scheduleConnect(retryDelay(this.#attempts++))
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#retryTimer)
    this.#closeAll()
    this.#stateListeners.clear()
  }

  #scheduleConnect(delay: number): void {
    clearTimeout(this.#retryTimer)
    this.#retryTimer = setTimeout(() => void this.#connect(), delay)
    this.#retryTimer.unref()
  }

  /** Up as soon as one node answers. Connections to other nodes follow from the redirects of subscriptions. */
  async #connect(): Promise<void> {
    let opened: NodeConnection | undefined
    try {
      const masters = await this.#nodes.masters()
      const seed = masters[this.#attempts % masters.length]
      if (!seed || this.#closed) throw new Error('no cluster node is known')
      opened = this.#connectionTo(seed)
      await opened.confirmed
    } catch (error) {
      if (!opened) this.#onFailedAttempt(error)
      return
    }
    if (!this.#isCurrent(opened)) return
    this.#attempts = 0
    this.#rejection = undefined
    this.#serverId = `round ${++connectCount}`
    this.#emitState('up')
  }

  #isCurrent(opened: NodeConnection): boolean {
    return this.#connections.get(nodeKey(opened.node)) === opened
  }

  #onFailedAttempt(error: unknown): void {
    this.#rejection = isRejection(error) ? error : undefined
    this.#onLost()
  }

  /** Starts over after a lost connection or a failed attempt. */
  #onLost(): void {
    if (this.#closed) return
    if (this.#serverId === undefined) this.#emitState('down')
    this.reconnect()
  }

  #connectionTo(node: NodeAddress): NodeConnection {
    const known = this.#connections.get(nodeKey(node))
    if (known) return known
    const connection = this.#nodes.open(node, {
      onMessage: (channel, message) => this.#listeners.get(channel)?.(message),
      onLost: () => {
        if (this.#isCurrent(opened)) this.#onLost()
      },
    })
    const opened = { node, connection, confirmed: assertMaster(connection) }
    // the connection may still be open: a node that is loading its data answers with an error
    opened.confirmed.catch((error: unknown) => {
      if (this.#isCurrent(opened)) this.#onFailedAttempt(error)
    })
    this.#connections.set(nodeKey(node), opened)
    return opened
  }

  #closeAll(): void {
    this.#serverId = undefined
    const connections = [...this.#connections.values()]
    this.#connections.clear()
    this.#channelConnections.clear()
    for (const { connection } of connections) connection.close()
  }

  #emitState(state: ConnectionState): void {
    for (const listener of [...this.#stateListeners]) listener(state)
  }
}

/** Rejects if the node is a replica: it accepts subscriptions, but misses the first messages after a fail-over. */
async function assertMaster(connection: ShardConnection): Promise<void> {
  const info = String(await connection.call('INFO', 'replication'))
  if (/^role:slave/m.test(info)) throw new Error('the cluster node is a replica')
}

const nodeKey = ({ host, port }: NodeAddress): string => `${host}:${port}`
