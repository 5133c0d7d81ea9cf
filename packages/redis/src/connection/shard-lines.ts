import { isRefusal } from '../errors.ts'
import type { Command, Connection, ConnectionState, Listener } from './connection.ts'
import { retryDelay } from './retry-delay.ts'

/** Where a node is, as it and the others name it. */
export interface NodeAddress {
  readonly host: string
  readonly port: number
}

/** A line to one node of a cluster, on which sharded channels are heard. It is opened once, and not again. */
export interface ShardLine {
  call(name: string, ...args: string[]): Promise<unknown>
  /** Rejects with what the node says, where another one has the channel's slot. */
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  close(): void
}

/** What is told of a line. */
export interface ShardLineEvents {
  readonly message: (channel: string, message: string) => void
  /** It ended, or its node has given a slot away and ended the slot's channels. */
  readonly lost: () => void
}

/** The nodes of a cluster, whichever client is behind it. */
export interface ShardNodes {
  /** Those that have slots, as far as is known when it is asked anew. */
  masters(): Promise<readonly NodeAddress[]>
  open(node: NodeAddress, events: ShardLineEvents): ShardLine
}

/** A line and where it leads. */
interface Opened {
  readonly node: NodeAddress
  readonly line: ShardLine
}

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
  readonly #nodes: ShardNodes
  readonly #listeners = new Map<string, Listener>()
  readonly #states = new Set<(state: ConnectionState) => void>()
  readonly #lines = new Map<string, Opened>()
  readonly #homes = new Map<string, ShardLine>()
  #server: string | undefined
  #refused: Error | undefined
  #attempts = 0
  #again: NodeJS.Timeout | undefined
  #closed = false

  constructor(nodes: ShardNodes, { address }: { readonly address: string }) {
    this.#nodes = nodes
    this.address = address
    this.#begin(0)
  }

  get server(): string | undefined {
    return this.#server
  }

  get refused(): Error | undefined {
    return this.#refused
  }

  /** To every node that is listened to. */
  send([name, ...args]: Command): Promise<unknown> {
    return Promise.all([...this.#lines.values()].map(({ line }) => line.call(name, ...args)))
  }

  async subscribe(channel: string, listener: Listener): Promise<void> {
    this.#listeners.set(channel, listener)
    const round = this.#server
    let at = [...this.#lines.values()][0]
    for (let hop = 0; at && round === this.#server && hop < MOST_HOPS; hop++) {
      try {
        await at.line.subscribe(channel)
        this.#homes.set(channel, at.line)
        return
      } catch (error) {
        const [, host = '', port] = MOVED.exec(error instanceof Error ? error.message : '') ?? []
        if (port === undefined || round !== this.#server) throw error
        at = this.#lineTo({ host: host || at.node.host, port: Number(port) })
      }
    }
    throw new Error('no node has the slot of the channel')
  }

  async unsubscribe(channel: string): Promise<void> {
    this.#listeners.delete(channel)
    const line = this.#homes.get(channel)
    this.#homes.delete(channel)
    await line?.unsubscribe(channel)
  }

  onState(listener: (state: ConnectionState) => void): () => void {
    this.#states.add(listener)
    return () => this.#states.delete(listener)
  }

  fork(): Connection {
    return new ShardLines(this.#nodes, { address: this.address })
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
    let opened: Opened | undefined
    try {
      const masters = await this.#nodes.masters()
      const seed = masters[this.#attempts % masters.length]
      if (!seed || this.#closed) throw new Error('no node of the cluster is known')
      opened = this.#lineTo(seed)
      await opened.line.call('PING')
    } catch (error) {
      this.#refused = isRefusal(error) ? error : undefined
      // it may be there and not answer: one that loads its data says so
      if (!opened || this.#isCurrent(opened)) this.#lost()
      return
    }
    if (!this.#isCurrent(opened)) return
    this.#attempts = 0
    this.#refused = undefined
    this.#server = `round ${++rounds}`
    this.#tell('up')
  }

  #isCurrent(opened: Opened): boolean {
    return this.#lines.get(nameOf(opened.node)) === opened
  }

  /** What was up, or was to be, begins again. */
  #lost(): void {
    if (this.#closed) return
    if (this.#server === undefined) this.#tell('down')
    this.reset()
  }

  #lineTo(node: NodeAddress): Opened {
    const known = this.#lines.get(nameOf(node))
    if (known) return known
    const line = this.#nodes.open(node, {
      message: (channel, message) => this.#listeners.get(channel)?.(message),
      lost: () => {
        if (this.#isCurrent(opened)) this.#lost()
      },
    })
    const opened = { node, line }
    this.#lines.set(nameOf(node), opened)
    return opened
  }

  #drop(): void {
    this.#server = undefined
    const lines = [...this.#lines.values()]
    this.#lines.clear()
    this.#homes.clear()
    for (const { line } of lines) line.close()
  }

  #tell(state: ConnectionState): void {
    for (const listener of [...this.#states]) listener(state)
  }
}

const nameOf = ({ host, port }: NodeAddress): string => `${host}:${port}`
