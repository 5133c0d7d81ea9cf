import { BusUnavailableError } from '@sync/core'
import { Listeners } from '@sync/core/adapter'
import type { Connection } from '../connection/connection.ts'
import { ReadySignal } from '../connection/ready-signal.ts'
import { busClosedError, isRejection } from '../errors.ts'

/** A channel that somebody here listens to. */
interface Channel {
  readonly handlers: Listeners<string>
  /** Settles when the server has acknowledged it, or the connection is lost before. */
  readonly live: Promise<void>
  /** The server has acknowledged it once. */
  acknowledged: boolean
  rejection?: unknown
}

/** How often the line is tried while nothing else is sent on it, in ms. */
const HEARTBEAT_MS = 1_000

/**
 * The channels that are heard on one connection. A client's own resubscription is waited for by nobody: here the connection
 * counts as up again only when the server has acknowledged every one of them.
 */
export class ChannelSubscriptions {
  readonly #connection: Connection
  readonly #onError: (error: unknown) => void
  readonly #onState: (state: 'up' | 'down') => void
  readonly #channels = new Map<string, Channel>()
  /** Those that the server has not yet acknowledged to be left. */
  readonly #unsubscribing = new Map<string, Promise<void>>()
  readonly #heartbeat: NodeJS.Timeout
  #up = false
  #closed = false
  /** Settles when the connection is up, or is lost while it was being opened. */
  readonly #readySignal = new ReadySignal()

  constructor(connection: Connection, onError: (error: unknown) => void, onState: (state: 'up' | 'down') => void) {
    this.#connection = connection
    this.#onError = onError
    this.#onState = onState
    connection.onState((state) => {
      if (state === 'down') this.#onDown()
      else void this.#resubscribeAll()
    })
    this.#heartbeat = setInterval(() => {
      if (this.#up) connection.send(['PING']).catch(() => {})
    }, HEARTBEAT_MS)
    this.#heartbeat.unref()
  }

  /** Resolves when the server has acknowledged it; the returned function ends it. */
  async subscribe(name: string, handler: (message: string) => void): Promise<() => Promise<void>> {
    if (this.#closed) throw busClosedError()
    const channel = this.#channels.get(name) ?? this.#addChannel(name)
    const remove = channel.handlers.add(handler)
    const stop = async (): Promise<void> => {
      remove()
      if (channel.handlers.size > 0 || this.#channels.get(name) !== channel) return
      this.#channels.delete(name)
      // nothing is handed over any more, whatever the server says: a dead line would be waited for until it is noticed
      if (this.#up) this.#unsubscribe(name)
    }
    try {
      await channel.live
      if (channel.rejection !== undefined) throw channel.rejection
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
    this.#readySignal.reject(busClosedError())
  }

  #addChannel(name: string): Channel {
    const live = this.#up ? this.#subscribe(name) : this.#readySignal.promise
    const channel = { handlers: new Listeners<string>(this.#onError), live, acknowledged: false }
    this.#channels.set(name, channel)
    return channel
  }

  #unsubscribe(name: string): void {
    const unsubscribed = this.#connection
      .unsubscribe(name)
      .catch(() => {})
      .then(() => {
        if (this.#unsubscribing.get(name) === unsubscribed) this.#unsubscribing.delete(name)
      })
    this.#unsubscribing.set(name, unsubscribed)
  }

  async #subscribe(name: string): Promise<void> {
    // node-redis takes its acknowledgement for the end of what was subscribed meanwhile
    await this.#unsubscribing.get(name)
    await this.#connection.subscribe(name, (message) => this.#channels.get(name)?.handlers.emit(message))
    const channel = this.#channels.get(name)
    if (channel) channel.acknowledged = true
  }

  /** One that was never heard is refused to those who wait for it, and holds up no other. */
  async #resubscribe(name: string): Promise<void> {
    const channel = this.#channels.get(name)
    try {
      await this.#subscribe(name)
    } catch (error) {
      if (!channel || channel.acknowledged || !isRejection(error)) throw error
      channel.rejection = error
    }
  }

  async #resubscribeAll(): Promise<void> {
    const { serverId } = this.#connection
    const restored = new Set<string>()
    const pending = (): string[] => [...this.#channels.keys()].filter((name) => !restored.has(name))
    try {
      // one that is added meanwhile waits for this too
      for (let names = pending(); names.length > 0; names = pending()) {
        await Promise.all(names.map((name) => this.#resubscribe(name)))
        for (const name of names) restored.add(name)
      }
    } catch {
      // lost again, or refused: begin again on a new line
      if (this.#connection.serverId === serverId) this.#connection.reconnect()
      return
    }
    if (this.#connection.serverId !== serverId || this.#up) return
    this.#up = true
    this.#onState('up')
    this.#readySignal.resolve()
  }

  #onDown(): void {
    const wasUp = this.#up
    this.#up = false
    this.#unsubscribing.clear()
    this.#readySignal.reject(this.#unavailableError())
    if (wasUp) this.#onState('down')
  }

  #unavailableError(): Error {
    return (
      this.#connection.rejection ?? new BusUnavailableError(`Redis at ${this.#connection.address} cannot be reached`)
    )
  }
}
