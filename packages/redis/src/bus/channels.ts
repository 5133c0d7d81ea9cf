import { BusAwayError } from '@sync/core'
import { Listeners } from '@sync/core/adapter'
import { Arrival } from '../connection/arrival.ts'
import type { Connection } from '../connection/connection.ts'
import { busClosed, isRefusal } from '../errors.ts'

/** A channel that somebody here listens to. */
interface Channel {
  readonly handlers: Listeners<string>
  /** Settles when the server has acknowledged it, or the connection is lost before. */
  readonly live: Promise<void>
  /** The server has acknowledged it once. */
  known: boolean
  refusal?: unknown
}

/** How often the line is tried while nothing else is sent on it, in ms. */
const HEARTBEAT = 1_000

/**
 * The channels that are heard on one connection. A client's own resubscription is waited for by nobody: here the connection
 * counts as up again only when the server has acknowledged every one of them.
 */
export class Channels {
  readonly #connection: Connection
  readonly #onError: (error: unknown) => void
  readonly #told: (state: 'up' | 'down') => void
  readonly #channels = new Map<string, Channel>()
  /** Those that the server has not yet acknowledged to be left. */
  readonly #leaving = new Map<string, Promise<void>>()
  readonly #heartbeat: NodeJS.Timeout
  #up = false
  #closed = false
  /** Settles when the connection is up, or is lost while it was being opened. */
  readonly #arrival = new Arrival()

  constructor(connection: Connection, onError: (error: unknown) => void, told: (state: 'up' | 'down') => void) {
    this.#connection = connection
    this.#onError = onError
    this.#told = told
    connection.onState((state) => {
      if (state === 'down') this.#down()
      else void this.#restore()
    })
    this.#heartbeat = setInterval(() => {
      if (this.#up) connection.send(['PING']).catch(() => {})
    }, HEARTBEAT)
    this.#heartbeat.unref()
  }

  /** Resolves when the server has acknowledged it; the returned function ends it. */
  async listen(name: string, handler: (message: string) => void): Promise<() => Promise<void>> {
    if (this.#closed) throw busClosed()
    const channel = this.#channels.get(name) ?? this.#add(name)
    const remove = channel.handlers.add(handler)
    const stop = async (): Promise<void> => {
      remove()
      if (channel.handlers.size > 0 || this.#channels.get(name) !== channel) return
      this.#channels.delete(name)
      // nothing is handed over any more, whatever the server says: a dead line would be waited for until it is noticed
      if (this.#up) this.#leave(name)
    }
    try {
      await channel.live
      if (channel.refusal !== undefined) throw channel.refusal
      return stop
    } catch (error) {
      await stop()
      throw error
    }
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#heartbeat)
    this.#channels.clear()
    this.#arrival.failed(busClosed())
  }

  #add(name: string): Channel {
    const live = this.#up ? this.#subscribe(name) : this.#arrival.promise
    const channel = { handlers: new Listeners<string>(this.#onError), live, known: false }
    this.#channels.set(name, channel)
    return channel
  }

  #leave(name: string): void {
    const left = this.#connection
      .unsubscribe(name)
      .catch(() => {})
      .then(() => {
        if (this.#leaving.get(name) === left) this.#leaving.delete(name)
      })
    this.#leaving.set(name, left)
  }

  async #subscribe(name: string): Promise<void> {
    // node-redis takes its acknowledgement for the end of what was subscribed meanwhile
    await this.#leaving.get(name)
    await this.#connection.subscribe(name, (message) => this.#channels.get(name)?.handlers.tell(message))
    const channel = this.#channels.get(name)
    if (channel) channel.known = true
  }

  /** One that was never heard is refused to those who wait for it, and holds up no other. */
  async #begin(name: string): Promise<void> {
    const channel = this.#channels.get(name)
    try {
      await this.#subscribe(name)
    } catch (error) {
      if (!channel || channel.known || !isRefusal(error)) throw error
      channel.refusal = error
    }
  }

  async #restore(): Promise<void> {
    const { server } = this.#connection
    const done = new Set<string>()
    const missing = (): string[] => [...this.#channels.keys()].filter((name) => !done.has(name))
    try {
      // one that is added meanwhile waits for this too
      for (let names = missing(); names.length > 0; names = missing()) {
        await Promise.all(names.map((name) => this.#begin(name)))
        for (const name of names) done.add(name)
      }
    } catch {
      // lost again, or refused: begin again on a new line
      if (this.#connection.server === server) this.#connection.reset()
      return
    }
    if (this.#connection.server !== server || this.#up) return
    this.#up = true
    this.#told('up')
    this.#arrival.arrived()
  }

  #down(): void {
    const wasUp = this.#up
    this.#up = false
    this.#leaving.clear()
    this.#arrival.failed(this.#away())
    if (wasUp) this.#told('down')
  }

  #away(): Error {
    return this.#connection.refused ?? new BusAwayError(`Redis at ${this.#connection.address} cannot be reached`)
  }
}
