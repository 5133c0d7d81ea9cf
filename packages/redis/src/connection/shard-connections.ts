import { isRejection } from '../errors.ts'
import type { Command, Connection, ConnectionState, MessageListener } from './connection.ts'
import { retryDelay } from './retry-delay.ts'

/** Where a node is, as it and the others name it. */
export interface NodeAddress {
  readonly host: string
  readonly port: number
}

/** A line to one node of a cluster, on which sharded channels are heard. It is opened once, and not again. */
export interface ShardConnection {
  call(name: string, ...args: string[]): Promise<unknown>
  /** Rejects with what the node says, where another one has the channel's slot. */
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  close(): void
}

/** What is told of a line. */
export interface ShardConnectionEvents {
  readonly onMessage: (channel: string, message: string) => void
  /** It ended, or its node has given a slot away and ended the slot's channels. */
  readonly onLost: () => void
}

/** The nodes of a cluster, whichever client is behind it. */
export interface ShardNodes {
  /** Those that have slots, as far as is known when it is asked anew. */
  masters(): Promise<readonly NodeAddress[]>
  open(node: NodeAddress, events: ShardConnectionEvents): ShardConnection
}

/** A line and where it leads. */
interface NodeConnection {
  readonly node: NodeAddress
  readonly connection: ShardConnection
}

/** Where a node says that a channel's slot is. */
const MOVED_ERROR = /^MOVED \d+ (.*):(\d+)$/

/** How often a channel's slot is followed from node to node. */
const MAX_REDIRECTS = 5

let connectCount = 0

/**
 * The lines on which sharded channels of a cluster are heard, one to each node that has one of them. A node that is lost, or that
 * gives a slot away, may have lost messages: then all of it counts as down, and begins again on new lines.
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

  /** To every node that is listened to. */
  send([name, ...args]: Command): Promise<unknown> {
    return Promise.all([...this.#connections.values()].map(({ connection }) => connection.call(name, ...args)))
  }

  async subscribe(channel: string, listener: MessageListener): Promise<void> {
    this.#listeners.set(channel, listener)
    const serverId = this.#serverId
    let current = [...this.#connections.values()][0]
    for (let redirects = 0; current && serverId === this.#serverId && redirects < MAX_REDIRECTS; redirects++) {
      try {
        await current.connection.subscribe(channel)
        this.#channelConnections.set(channel, current.connection)
        return
      } catch (error) {
        const [, host = '', port] = MOVED_ERROR.exec(error instanceof Error ? error.message : '') ?? []
        if (port === undefined || serverId !== this.#serverId) throw error
        current = this.#connectionTo({ host: host || current.node.host, port: Number(port) })
      }
    }
    throw new Error('no node has the slot of the channel')
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

  /** Up as soon as one node answers; the others are found by the slots of the channels. */
  async #connect(): Promise<void> {
    let opened: NodeConnection | undefined
    try {
      const masters = await this.#nodes.masters()
      const seed = masters[this.#attempts % masters.length]
      if (!seed || this.#closed) throw new Error('no node of the cluster is known')
      opened = this.#connectionTo(seed)
      await opened.connection.call('PING')
    } catch (error) {
      this.#rejection = isRejection(error) ? error : undefined
      // it may be there and not answer: one that loads its data says so
      if (!opened || this.#isCurrent(opened)) this.#onLost()
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

  /** What was up, or was to be, begins again. */
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
    const opened = { node, connection }
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

const nodeKey = ({ host, port }: NodeAddress): string => `${host}:${port}`
