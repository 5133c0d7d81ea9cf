import net from 'node:net'
import tls from 'node:tls'

/** Address and options of a socket to open. */
export interface SocketTarget {
  readonly host: string
  readonly port: number
  readonly ssl: tls.ConnectionOptions | undefined
  readonly onConnect: () => void
}

/** Tracks the sockets of a kafkajs client, which does not close sockets that stop answering. */
export class Sockets {
  readonly #open = new Map<net.Socket, string>()
  #closed = false

  open({ host, port, ssl, onConnect }: SocketTarget): net.Socket {
    const name = net.isIP(host) ? {} : { servername: host }
    const socket = ssl
      ? tls.connect({ host, port, ...name, ...ssl }, onConnect)
      : net.connect({ host, port }, onConnect)
    socket.setKeepAlive(true, 60_000)
    socket.setNoDelay(true)
    // kafkajs adds a listener to a dead socket at every attempt to close it
    socket.setMaxListeners(0)
    this.#open.set(socket, `${host}:${port}`)
    socket.once('close', () => this.#open.delete(socket))
    if (this.#closed) queueMicrotask(() => socket.destroy(new Error('the client is closed')))
    return socket
  }

  /** Destroys all sockets to one address, which rejects their pending requests. */
  destroyAllTo(address: string): void {
    for (const [socket, to] of this.#open) if (to === address) socket.destroy(new Error('connection closed: no answer'))
  }

  close(): void {
    this.#closed = true
    for (const socket of this.#open.keys()) socket.destroy(new Error('the client is closed'))
  }
}
