import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { freePort } from '../process/port.ts'
import { type NetworkConditions, ProxiedConnection } from './proxied-connection.ts'

/** Where a proxy stands. */
export interface ProxyOptions {
  /** The URL of the server behind it; a server that is restarted may come back there. */
  readonly target: string
  /** Where clients connect. @default a free port */
  readonly port?: number
}

/** Which reply gets lost. */
export interface LoseReplyOptions {
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
  readonly #conditions: NetworkConditions = { delay: 0, replyTrap: undefined }
  readonly #proxied = new Set<ProxiedConnection>()
  #blackholed = false
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
    return [...this.#proxied].filter((connection) => connection.open).length
  }

  /** From now on everything takes so many milliseconds more each way; 0 ends it. */
  delay(ms: number): void {
    this.#conditions.delay = ms
  }

  /** Resets all connections. New ones are welcome. */
  resetAll(): void {
    for (const connection of this.#proxied) connection.reset()
  }

  /** Resets all connections and refuses new ones, until `heal`. */
  async refuse(): Promise<void> {
    const listener = this.#listener
    this.#listener = undefined
    const closed = listener && once(listener, 'close')
    listener?.close()
    this.resetAll()
    await closed
  }

  /**
   * Half-open: the connections there are stay open on both sides and carry nothing any more, for good; new ones are accepted
   * and get no answer, until `heal`.
   */
  blackhole(): void {
    this.#blackholed = true
    for (const connection of this.#proxied) connection.blackhole()
  }

  /** Has a request carried out and its reply lost: then the connection is reset. Resolves when that has happened. */
  loseReply({ when = () => true }: LoseReplyOptions = {}): Promise<void> {
    return new Promise((resolve) => {
      this.#conditions.replyTrap = { when, onTriggered: resolve }
    })
  }

  /** New connections go through again, without delay. */
  async heal(): Promise<void> {
    this.#blackholed = false
    this.#conditions.delay = 0
    if (this.#listener) return
    this.#listener = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket))
    this.#listener.listen(this.port, '127.0.0.1')
    await once(this.#listener, 'listening')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.refuse()
  }

  #accept(socket: Socket): void {
    const connection = new ProxiedConnection(socket, this.#target, this.#conditions)
    if (this.#blackholed) connection.blackhole()
    this.#proxied.add(connection)
    void connection.closed().then(() => this.#proxied.delete(connection))
  }
}
