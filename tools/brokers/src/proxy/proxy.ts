import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { freePort } from '../process/port.ts'
import { Link, type Weather } from './link.ts'

/** Where a proxy stands. */
export interface ProxyOptions {
  /** The URL of the server behind it; a server that is restarted may come back there. */
  readonly target: string
  /** Where clients connect. @default a free port */
  readonly port?: number
}

/** Which reply gets lost. */
export interface LostReply {
  /** Judges what clients send, chunk by chunk as it arrives. @default the next request */
  readonly when?: (request: Buffer) => boolean
}

/** Starts a proxy on the loopback interface. */
export async function startProxy({ target, port }: ProxyOptions): Promise<TcpProxy> {
  const proxy = new TcpProxy(target, port ?? (await freePort()))
  await proxy.heal()
  return proxy
}

/** A TCP proxy before a server, with the faults of a network. It begins with none, and passes on how connections end. */
export class TcpProxy implements AsyncDisposable {
  /** The target's URL, through the proxy. */
  readonly url: string
  readonly port: number
  readonly #target: { readonly host: string; readonly port: number }
  readonly #weather: Weather = { delay: 0, replyTrap: undefined }
  readonly #links = new Set<Link>()
  #silent = false
  #listener: Server | undefined

  /** Hears nothing before it is first healed. */
  constructor(target: string, port: number) {
    const url = new URL(target)
    if (!url.port) throw new TypeError(`"${target}" names no port`)
    this.#target = { host: url.hostname, port: Number(url.port) }
    url.hostname = '127.0.0.1'
    url.port = `${port}`
    this.url = url.href
    this.port = port
  }

  /** How many clients are connected. */
  get connections(): number {
    return [...this.#links].filter((link) => link.open).length
  }

  /** From now on everything takes so many milliseconds more each way; 0 ends it. */
  delay(ms: number): void {
    this.#weather.delay = ms
  }

  /** Resets all connections. New ones are welcome. */
  cut(): void {
    for (const link of this.#links) link.cut()
  }

  /** Resets all connections and refuses new ones, until `heal`. */
  async refuse(): Promise<void> {
    const listener = this.#listener
    this.#listener = undefined
    const closed = listener && once(listener, 'close')
    listener?.close()
    this.cut()
    await closed
  }

  /**
   * Half-open: the connections there are stay open on both sides and carry nothing any more, for good; new ones are accepted
   * and get no answer, until `heal`.
   */
  silence(): void {
    this.#silent = true
    for (const link of this.#links) link.silence()
  }

  /** Has a request carried out and its reply lost: then the connection is reset. Resolves when that has happened. */
  loseReply({ when = () => true }: LostReply = {}): Promise<void> {
    return new Promise((resolve) => {
      this.#weather.replyTrap = { when, sprung: resolve }
    })
  }

  /** New connections go through again, without delay. */
  async heal(): Promise<void> {
    this.#silent = false
    this.#weather.delay = 0
    if (this.#listener) return
    this.#listener = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket))
    this.#listener.listen(this.port, '127.0.0.1')
    await once(this.#listener, 'listening')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.refuse()
  }

  #accept(socket: Socket): void {
    const link = new Link(socket, this.#target, this.#weather)
    if (this.#silent) link.silence()
    this.#links.add(link)
    void link.closed().then(() => this.#links.delete(link))
  }
}
