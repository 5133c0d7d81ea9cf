import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { freePort } from '../process/port.ts'
import { type NetworkConditions, ProxiedConnection } from './proxied-connection.ts'

/** Options of `startProxy`. */
export interface ProxyOptions {
  /** URL of the server behind the proxy. The server may restart while the proxy runs. */
  readonly target: string
  /** Port that clients connect to. @default a free port */
  readonly port?: number
}

/** Options of `loseReply`. */
export interface LoseReplyOptions {
  /** Selects the request whose reply is lost. Called with each chunk that a client sends. @default the next request */
  readonly when?: (request: Buffer) => boolean
}

/** Starts a TCP proxy on the loopback interface. @throws TypeError if the target URL has no port */
export async function startProxy({ target, port }: ProxyOptions): Promise<TcpProxy> {
  const proxy = new TcpProxy(target, port ?? (await freePort()))
  await proxy.heal()
  return proxy
}

/** A TCP proxy in front of a server that injects network faults. Without a fault it forwards everything, including resets. */
export class TcpProxy implements AsyncDisposable {
  /** The target's URL, with the proxy's host and port. */
  readonly url: string
  readonly port: number
  readonly #target: { readonly host: string; readonly port: number }
  readonly #conditions: NetworkConditions = { delay: 0, replyTrap: undefined }
  readonly #proxied = new Set<ProxiedConnection>()
  #blackholed = false
  #listener: Server | undefined

  /** Creates a proxy that does not listen until `heal` is called. */
  constructor(target: string, port: number) {
    const url = new URL(target)
    if (!url.port) throw new TypeError(`target: expected a URL with a port, got ${url.protocol}//${url.host}`)
    this.#target = { host: url.hostname, port: Number(url.port) }
    url.hostname = '127.0.0.1'
    url.port = `${port}`
    this.url = url.href
    this.port = port
  }

  /** Number of connected clients. */
  get connections(): number {
    return [...this.#proxied].filter((connection) => connection.open).length
  }

  /** Delays all data by `ms` milliseconds in each direction. 0 removes the delay. */
  delay(ms: number): void {
    this.#conditions.delay = ms
  }

  /** Resets all connections. New connections are accepted. */
  resetAll(): void {
    for (const connection of this.#proxied) connection.reset()
  }

  /** Resets all connections and refuses new ones until `heal`. */
  async refuse(): Promise<void> {
    const listener = this.#listener
    this.#listener = undefined
    const closed = listener && once(listener, 'close')
    listener?.close()
    this.resetAll()
    await closed
  }

  /**
   * Makes connections half-open. Existing connections stay open on both sides but never carry data again, even after `heal`. New
   * connections are accepted but not answered until `heal`.
   */
  blackhole(): void {
    this.#blackholed = true
    for (const connection of this.#proxied) connection.blackhole()
  }

  /** Lets a request reach the server, drops its reply and resets the connection. Resolves when the reply was dropped. */
  loseReply({ when = () => true }: LoseReplyOptions = {}): Promise<void> {
    return new Promise((resolve) => {
      this.#conditions.replyTrap = { when, onTriggered: resolve }
    })
  }

  /** Forwards new connections again, without delay. */
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
