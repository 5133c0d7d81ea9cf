import net from 'node:net'
import tls from 'node:tls'

/** Where a socket leads, and how. */
export interface SocketTarget {
  readonly host: string
  readonly port: number
  readonly ssl: tls.ConnectionOptions | undefined
  readonly onConnect: () => void
}

/** The sockets of a client that never closes those that do not answer by itself. */
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
    // kafkajs lets go of a dead one at every attempt, which adds a listener each time
    socket.setMaxListeners(0)
    this.#open.set(socket, `${host}:${port}`)
    socket.once('close', () => this.#open.delete(socket))
    if (this.#closed) queueMicrotask(() => socket.destroy(new Error('closed')))
    return socket
  }

  /** Destroys all to one address: whatever waits there is rejected. */
  destroyAllTo(address: string): void {
    for (const [socket, to] of this.#open) if (to === address) socket.destroy(new Error('given up: no answer'))
  }

  close(): void {
    this.#closed = true
    for (const socket of this.#open.keys()) socket.destroy(new Error('closed'))
  }
}
