import { connect, type Socket } from 'node:net'
import { pipe } from './pipe.ts'
import { reset } from './reset.ts'

/** What all connections of a proxy have to bear. */
export interface NetworkConditions {
  /** Milliseconds added each way. */
  delay: number
  /** Waits for the reply that is to be lost. */
  replyTrap: ReplyTrap | undefined
}

/** A reply to be lost: the first one after a request that it is meant for. */
export interface ReplyTrap {
  readonly when: (request: Buffer) => boolean
  readonly onTriggered: () => void
}

/** One client's connection, and the one made for it to the server. */
export class ProxiedConnection {
  readonly #client: Socket
  readonly #server: Socket
  readonly #conditions: NetworkConditions
  #blackholed = false
  /** What one of its requests has sprung: its reply is the next to come. */
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

  /** Is the client still there? */
  get open(): boolean {
    return !this.#client.readableEnded && !this.#client.destroyed
  }

  /** Resolves when neither side is connected any more. */
  async closed(): Promise<void> {
    await Promise.all(
      [this.#client, this.#server].map(
        (socket) => socket.closed || new Promise((resolve) => socket.once('close', resolve)),
      ),
    )
  }

  /** Both ends stay open, nothing gets through any more: not even that one of them is closed. */
  blackhole(): void {
    this.#blackholed = true
  }

  /** Both ends see a reset. */
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
