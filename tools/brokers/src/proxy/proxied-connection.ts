import { connect, type Socket } from 'node:net'
import { pipe } from './pipe.ts'
import { reset } from './reset.ts'

/** Network conditions that apply to all connections of a proxy. */
export interface NetworkConditions {
  /** Delay added in each direction, in milliseconds. */
  delay: number
  /** Drops the reply to the next matching request. */
  replyTrap: ReplyTrap | undefined
}

/** Drops one reply: the first one after a request for which `when` returns true. */
export interface ReplyTrap {
  readonly when: (request: Buffer) => boolean
  readonly onTriggered: () => void
}

/** One client's connection, and the proxy's connection to the server for that client. */
export class ProxiedConnection {
  readonly #client: Socket
  readonly #server: Socket
  readonly #conditions: NetworkConditions
  #blackholed = false
  /** The trap that a request on this connection has triggered. It drops the next reply. */
  #activeTrap: ReplyTrap | undefined

  constructor(client: Socket, target: { host: string; port: number }, conditions: NetworkConditions) {
    this.#client = client
    this.#server = connect({ ...target, allowHalfOpen: true, noDelay: true })
    this.#conditions = conditions
    client.setNoDelay(true)
    const delay = (): number => conditions.delay
    pipe({ from: client, to: this.#server, delay, accept: (request) => this.#onRequest(request) })
    pipe({ from: this.#server, to: client, delay, accept: () => this.#onReply() })
    const resetOther = (other: Socket) => (): void => {
      if (!this.#blackholed) reset(other)
    }
    client.on('error', resetOther(this.#server))
    this.#server.on('error', resetOther(client))
  }

  /** Whether the client is still connected. */
  get open(): boolean {
    return !this.#client.readableEnded && !this.#client.destroyed
  }

  /** Resolves when both sides are disconnected. */
  async closed(): Promise<void> {
    await Promise.all(
      [this.#client, this.#server].map(
        (socket) => socket.closed || new Promise((resolve) => socket.once('close', resolve)),
      ),
    )
  }

  /** Keeps both ends open but forwards nothing, not even the close of the other end. Permanent for this connection. */
  blackhole(): void {
    this.#blackholed = true
  }

  /** Resets both ends. */
  reset(): void {
    reset(this.#client)
    reset(this.#server)
  }

  #onRequest(request: Buffer): boolean {
    if (this.#blackholed) return false
    const { replyTrap } = this.#conditions
    if (replyTrap?.when(request)) {
      this.#activeTrap = replyTrap
      this.#conditions.replyTrap = undefined
    }
    return true
  }

  #onReply(): boolean {
    if (this.#blackholed) return false
    if (!this.#activeTrap) return true
    const { onTriggered } = this.#activeTrap
    this.#activeTrap = undefined
    this.reset()
    onTriggered()
    return false
  }
}
