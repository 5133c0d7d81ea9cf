const encoder = new TextEncoder()

/** Time in ms after which a client that reads nothing is dropped. */
const MAX_SILENCE_MS = 15_000

interface Client {
  readonly controller: ReadableStreamDefaultController<Uint8Array>
  /** Time of the last message that the client had room for. */
  lastSent: number
}

/**
 * Server-sent events for a bounded number of clients. Each message is complete, so a client without room skips it,
 * and one that stays without room is dropped.
 */
export class EventStream {
  readonly #maxClients: number
  readonly #clients = new Set<Client>()

  constructor(maxClients: number) {
    this.#maxClients = maxClients
  }

  get size(): number {
    return this.#clients.size
  }

  /** Opens a stream that begins with this message, until `signal` aborts; `undefined` if too many are open. */
  open(first: string, now: number, signal: AbortSignal): ReadableStream<Uint8Array> | undefined {
    if (this.#clients.size >= this.#maxClients) return undefined
    let remove = (): void => undefined
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        const client = { controller, lastSent: now }
        this.#clients.add(client)
        remove = () => void this.#clients.delete(client)
        signal.addEventListener('abort', remove, { once: true })
        controller.enqueue(encode(first))
      },
      cancel: () => remove(),
    })
  }

  /** Sends a message to every client that has room for it. */
  send(message: string, now: number): void {
    const bytes = encode(message)
    for (const client of this.#clients) {
      if ((client.controller.desiredSize ?? 0) > 0) {
        client.controller.enqueue(bytes)
        client.lastSent = now
      } else if (now - client.lastSent > MAX_SILENCE_MS) {
        this.#clients.delete(client)
        client.controller.error(new Error('the client reads too slowly'))
      }
    }
  }

  /** Ends all streams. */
  close(): void {
    for (const { controller } of this.#clients) controller.close()
    this.#clients.clear()
  }
}

const encode = (message: string): Uint8Array => encoder.encode(`data: ${message}\n\n`)
