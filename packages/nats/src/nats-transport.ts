import type { NatsConnection } from '@nats-io/transport-node'
import type {
  BusCapabilities,
  BusTransport,
  EncodedChange,
  FrameHandler,
  Scope,
  TransportState,
  Unsubscribe,
} from '@sync/core/adapter'
import type { ReconnectingConnection } from './connection/reconnecting-connection.ts'
import type { Messaging } from './messaging/messaging.ts'

/** Moves frames over one NATS connection, by either kind of messaging. Restores subscriptions after a reconnect. */
export class NatsTransport implements BusTransport {
  readonly #connection: ReconnectingConnection
  readonly #messaging: Messaging
  readonly #publishing = new Set<Promise<void>>()
  #capabilities: BusCapabilities
  #onState: (state: TransportState) => void = () => {}
  #wasUp = false
  #resuming: Promise<void> | undefined

  constructor(connection: ReconnectingConnection, messaging: Messaging) {
    this.#connection = connection
    this.#messaging = messaging
    this.#capabilities = Object.freeze(messaging.capabilities(undefined))
  }

  get capabilities(): BusCapabilities {
    return this.#capabilities
  }

  start(onState: (state: TransportState) => void): void {
    this.#onState = onState
    this.#connection.start({
      up: (connection) => this.#onUp(connection),
      down: () => onState('down'),
      publishDenied: (error) => this.#messaging.publishDenied?.(error),
    })
  }

  async publish(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    const sent = this.#connection.withConnection((connection) => this.#messaging.publish(connection, scope, changes))
    this.#publishing.add(sent)
    try {
      await sent
    } finally {
      this.#publishing.delete(sent)
    }
  }

  async subscribe(scope: Scope, onFrame: FrameHandler, after: string | undefined): Promise<Unsubscribe> {
    let failed = false
    try {
      return await this.#connection.withConnection(async (connection) => {
        const unsubscribe = await this.#messaging.subscribe(connection, scope, {
          onFrame,
          after,
          onGap: () => this.#onState('gap'),
          onSubscriptionLost: () => this.#onSubscriptionLost(),
        })
        // the call has already failed, so no caller could unsubscribe
        if (failed) unsubscribe()
        return unsubscribe
      })
    } catch (error) {
      failed = true
      throw error
    }
  }

  async close(): Promise<void> {
    // every publication settles: with its answer, by its timeout, or when the connection is lost
    await Promise.allSettled(this.#publishing)
    this.#messaging.close()
    await this.#connection.close()
  }

  #onUp(connection: NatsConnection): void {
    this.#capabilities = Object.freeze(this.#messaging.capabilities(connection.info))
    if (this.#wasUp) this.#resume()
    else this.#onState('up')
    this.#wasUp = true
  }

  /** Reports `up` once every subscription is live again. If the connection is lost before that, the next reconnect retries. */
  #resume(): void {
    this.#resuming ??= this.#connection
      .withConnection((connection) => this.#messaging.resume(connection))
      .then(
        () => this.#onState('up'),
        () => {},
      )
      .finally(() => {
        this.#resuming = undefined
      })
  }

  /** Handles a subscription that stopped receiving although the connection is up. */
  #onSubscriptionLost(): void {
    this.#onState('down')
    this.#resume()
  }
}
