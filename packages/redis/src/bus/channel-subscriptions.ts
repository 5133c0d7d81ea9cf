import { BusUnavailableError } from '@sync/core'
import { Listeners } from '@sync/core/adapter'
import type { Connection } from '../connection/connection.ts'
import { ReadySignal } from '../connection/ready-signal.ts'
import { busClosedError, isRejection } from '../errors.ts'

/** A channel with at least one handler. */
interface Channel {
  readonly handlers: Listeners<string>
  /** Resolves when the server acknowledges the subscription; rejects if the connection is lost before. */
  readonly live: Promise<void>
  /** True once the server has acknowledged the subscription. */
  acknowledged: boolean
  /** The server's rejection of the first subscription. */
  rejection?: unknown
}

/** Interval of the pings that keep the connection under the reply timeout, in ms. */
const HEARTBEAT_MS = 1_000

/**
 * Channel subscriptions of one connection. After a reconnect it counts as up only when the server has acknowledged every channel;
 * the clients' own resubscription gives no such guarantee.
 */
export class ChannelSubscriptions {
  readonly #connection: Connection
  readonly #onError: (error: unknown) => void
  readonly #onState: (state: 'up' | 'down') => void
  readonly #channels = new Map<string, Channel>()
  /** Channels whose unsubscription the server has not acknowledged yet. */
  readonly #unsubscribing = new Map<string, Promise<void>>()
  readonly #heartbeat: NodeJS.Timeout
  #up = false
  #closed = false
  /** Resolves when all channels are subscribed; rejects when the connection is lost. */
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

  /** Resolves with an unsubscribe function when the server has acknowledged the subscription. */
  async subscribe(name: string, handler: (message: string) => void): Promise<() => Promise<void>> {
    if (this.#closed) throw busClosedError()
    const channel = this.#channels.get(name) ?? this.#addChannel(name)
    const remove = channel.handlers.add(handler)
    const stop = async (): Promise<void> => {
      remove()
      if (channel.handlers.size > 0 || this.#channels.get(name) !== channel) return
      this.#channels.delete(name)
      // not awaited: the handler gets no more messages, and a dead connection would delay the caller until its timeout
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
    // node-redis would take the pending UNSUBSCRIBE's acknowledgement as the end of this new subscription
    await this.#unsubscribing.get(name)
    await this.#connection.subscribe(name, (message) => this.#channels.get(name)?.handlers.emit(message))
    const channel = this.#channels.get(name)
    if (channel) channel.acknowledged = true
  }

  /** Subscribes again. A rejection of a channel that was never live concerns only its own callers and does not delay other channels. */
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
      // repeat for channels that were added in the meantime
      for (let names = pending(); names.length > 0; names = pending()) {
        await Promise.all(names.map((name) => this.#resubscribe(name)))
        for (const name of names) restored.add(name)
      }
    } catch {
      // lost again, or rejected: start over on a new connection
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
    return this.#connection.rejection ?? new BusUnavailableError(`Redis at ${this.#connection.address} is unavailable`)
  }
}
