import type { NatsConnection } from '@nats-io/transport-node'
import { AbortedError, ClosedError } from '@sync/core'
import {
  assertScope,
  type BusCapabilities,
  type BusStatus,
  type ChangeBus,
  type EncodedChange,
  type FrameHandler,
  Listeners,
  type Scope,
  type SubscribeOptions,
  type Subscription,
} from '@sync/core/adapter'
import type { ReconnectingConnection } from './connection/reconnecting-connection.ts'
import type { BusSettings } from './settings.ts'
import type { Transport } from './transport/transport.ts'

/**
 * A bus over one NATS connection. It implements the part of the bus contract that all transports share: status events, cancellation,
 * error handling and closing.
 */
export class NatsBus implements ChangeBus {
  readonly #connection: ReconnectingConnection
  readonly #transport: Transport
  readonly #settings: BusSettings
  readonly #statusListeners: Listeners<BusStatus>
  readonly #stopCallbacks = new Set<() => void>()
  readonly #publishing = new Set<Promise<void>>()
  #capabilities: BusCapabilities
  /** The latest status emitted to listeners. */
  #lastStatus: BusStatus | undefined
  #resuming: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor(connection: ReconnectingConnection, transport: Transport, settings: BusSettings) {
    this.#connection = connection
    this.#transport = transport
    this.#settings = settings
    this.#statusListeners = new Listeners(settings.onError)
    this.#capabilities = Object.freeze(transport.capabilities(undefined))
    connection.start({
      up: (connection) => this.#onUp(connection),
      down: () => this.#emit('interrupted'),
      publishDenied: (error) => transport.publishDenied?.(error),
    })
  }

  get capabilities(): BusCapabilities {
    return this.#capabilities
  }

  async publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    this.#assertOpen(scope)
    const sent = this.#connection.withConnection((connection) => this.#transport.publish(connection, scope, changes))
    this.#publishing.add(sent)
    try {
      await sent
    } finally {
      this.#publishing.delete(sent)
    }
  }

  async subscribe(scope: Scope, onFrame: FrameHandler, options: SubscribeOptions = {}): Promise<Subscription> {
    this.#assertOpen(scope)
    const { signal, after } = options
    const aborted = (): AbortedError =>
      new AbortedError('subscribe was aborted', { cause: signal?.reason, address: scope })
    if (signal?.aborted) throw aborted()
    let stopped = false
    const deliver: FrameHandler = (frame, offset) => {
      if (stopped) return
      try {
        onFrame(frame, offset)
      } catch (error) {
        this.#settings.onError(error)
      }
    }
    let unsubscribe: (() => void) | undefined
    const stop = async (): Promise<void> => {
      if (stopped) return
      stopped = true
      signal?.removeEventListener('abort', abort)
      this.#stopCallbacks.delete(abort)
      unsubscribe?.()
    }
    const abort = (): void => void stop()
    try {
      unsubscribe = await this.#connection.withConnection(async (connection) => {
        const unsubscribe = await this.#transport.subscribe(connection, scope, {
          onFrame: deliver,
          after,
          onGap: () => this.#onGap(),
          onSubscriptionLost: () => this.#onSubscriptionLost(),
        })
        // the call has already failed, so no caller could unsubscribe
        if (stopped) unsubscribe()
        return unsubscribe
      })
    } catch (error) {
      stopped = true
      throw error
    }
    this.#stopCallbacks.add(abort)
    signal?.addEventListener('abort', abort)
    if (signal?.aborted || this.#closing) {
      await stop()
      throw signal?.aborted ? aborted() : new ClosedError('the bus is closed', { address: scope })
    }
    return { stop, [Symbol.asyncDispose]: stop }
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    return this.#statusListeners.add(listener)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    // every publication settles: with its answer, by its timeout, or when the connection is lost
    await Promise.allSettled(this.#publishing)
    for (const stop of [...this.#stopCallbacks]) stop()
    this.#transport.close()
    await this.#connection.close()
    this.#lastStatus = 'closed'
    this.#statusListeners.emit('closed')
    this.#statusListeners.clear()
  }

  #onUp(connection: NatsConnection): void {
    this.#capabilities = Object.freeze(this.#transport.capabilities(connection.info))
    if (this.#lastStatus === undefined) this.#emit('connected')
    else this.#resume()
  }

  /** Emits `resumed` once every subscription is live again. If the connection is lost before that, the next reconnect retries. */
  #resume(): void {
    this.#resuming ??= this.#connection
      .withConnection((connection) => this.#transport.resume(connection))
      .then(
        () => this.#emit('resumed'),
        () => {},
      )
      .finally(() => {
        this.#resuming = undefined
      })
  }

  /** Handles a subscription that stopped receiving although the connection is up. */
  #onSubscriptionLost(): void {
    if (this.#closing) return
    this.#emit('interrupted')
    this.#resume()
  }

  /** Emits an interruption, upon which instances read the missed changes from the store. */
  #onGap(): void {
    this.#emit('interrupted')
    this.#emit('resumed')
  }

  #emit(status: BusStatus): void {
    if (this.#closing || this.#lastStatus === status) return
    this.#lastStatus = status
    this.#statusListeners.emit(status)
  }

  #assertOpen(scope: Scope): void {
    if (this.#closing) throw new ClosedError('the bus is closed', { address: scope })
    assertScope(scope)
  }
}
