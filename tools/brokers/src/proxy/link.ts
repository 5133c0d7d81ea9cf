import { connect, type Socket } from 'node:net'
import { pipe } from './pipe.ts'
import { reset } from './reset.ts'

/** What all connections of a proxy have to bear. */
export interface Weather {
  /** Milliseconds added each way. */
  delay: number
  /** Waits for the reply that is to be lost. */
  replyTrap: ReplyTrap | undefined
}

/** A reply to be lost: the first one after a request that it is meant for. */
export interface ReplyTrap {
  readonly when: (request: Buffer) => boolean
  readonly sprung: () => void
}

/** One client's connection, and the one made for it to the server. */
export class Link {
  readonly #client: Socket
  readonly #server: Socket
  readonly #weather: Weather
  #silent = false
  /** What one of its requests has sprung: its reply is the next to come. */
  #trap: ReplyTrap | undefined

  constructor(client: Socket, target: { host: string; port: number }, weather: Weather) {
    this.#client = client
    this.#server = connect({ ...target, allowHalfOpen: true, noDelay: true })
    this.#weather = weather
    client.setNoDelay(true)
    const delay = (): number => weather.delay
    pipe({ from: client, to: this.#server, delay, pass: (request) => this.#request(request) })
    pipe({ from: this.#server, to: client, delay, pass: () => this.#reply() })
    const resetting = (other: Socket) => (): void => {
      if (!this.#silent) reset(other)
    }
    client.on('error', resetting(this.#server))
    this.#server.on('error', resetting(client))
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
  silence(): void {
    this.#silent = true
  }

  /** Both ends see a reset. */
  cut(): void {
    reset(this.#client)
    reset(this.#server)
  }

  #request(request: Buffer): boolean {
    if (this.#silent) return false
    const { replyTrap } = this.#weather
    if (replyTrap?.when(request)) {
      this.#trap = replyTrap
      this.#weather.replyTrap = undefined
    }
    return true
  }

  #reply(): boolean {
    if (this.#silent) return false
    if (!this.#trap) return true
    const { sprung } = this.#trap
    this.#trap = undefined
    this.cut()
    sprung()
    return false
  }
}
