import { setTimeout as pause } from 'node:timers/promises'
import type { Msg, NatsConnection, PermissionViolationError, ServerInfo } from '@nats-io/transport-node'
import { ArgumentError } from '@sync/core'
import { type BusCapabilities, type EncodedChange, encodeFrames, type Scope } from '@sync/core/adapter'
import { isRejection } from '../errors.ts'
import type { BusSettings } from '../settings.ts'
import { subjectFor } from '../subjects.ts'
import { afterMicrotasks, subscribeConfirmed } from '../transport/subscribe.ts'
import type { SubscriptionHandlers, Transport } from '../transport/transport.ts'

/** What a server takes if nobody changed it. */
const DEFAULT_MAX_PAYLOAD = 1_048_576

/** Subjects that are remembered as refused. */
const MAX_DENIED_SUBJECTS = 1_000

/** The pause before a subscription that was refused is tried again, in ms. */
const RESUBSCRIBE_PAUSE_MS = 1_000

/** Plain subjects: whoever is there hears it. */
export class CoreTransport implements Transport {
  readonly #settings: BusSettings
  /** What the server said last of subjects that we may not publish to. */
  readonly #denied = new Map<string, PermissionViolationError>()
  /** Subscribe again for those whom the server refused after it had taken them. */
  readonly #pendingResubscribes = new Set<() => Promise<void>>()
  #closed = false
  #pendingFlush: Promise<void> | undefined

  constructor(settings: BusSettings) {
    this.#settings = settings
  }

  capabilities(server: ServerInfo | undefined): BusCapabilities {
    return {
      delivery: 'at-most-once',
      replay: 'none',
      // the server serves each publisher in a line of its own
      ordering: 'per-publisher',
      durability: 'sent',
      whenDown: 'reject',
      // within a cluster interest spreads after the server has taken the subscription
      live: server && !server.cluster ? 'at-once' : 'eventually',
      echo: true,
      maxPayloadBytes: Math.min(this.#settings.maxPayloadBytes, server?.max_payload ?? DEFAULT_MAX_PAYLOAD),
    }
  }

  async publish(connection: NatsConnection, scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    const subject = subjectFor(this.#settings.prefix, scope)
    const { maxPayloadBytes } = this.capabilities(connection.info)
    const before = this.#denied.get(subject)
    for (const { text } of encodeFrames(changes, maxPayloadBytes)) connection.publish(subject, text)
    await this.#flushed(connection)
    const denied = this.#denied.get(subject)
    if (denied && denied !== before) throw denied
  }

  publishDenied(error: PermissionViolationError): void {
    if (error.operation !== 'publish') return
    if (this.#denied.size >= MAX_DENIED_SUBJECTS) this.#denied.clear()
    this.#denied.set(error.subject, error)
  }

  async subscribe(
    connection: NatsConnection,
    scope: Scope,
    { onFrame, after, onSubscriptionLost }: SubscriptionHandlers,
  ): Promise<() => void> {
    if (after !== undefined) throw new ArgumentError('after: core NATS keeps nothing to begin from', { address: scope })
    const subject = subjectFor(this.#settings.prefix, scope)
    const onMessage = ({ data }: Msg): void => onFrame(data)
    const onRejected = (): void => {
      this.#pendingResubscribes.add(resubscribe)
      onSubscriptionLost()
    }
    let unsubscribe = await subscribeConfirmed(connection, subject, onMessage, onRejected)
    const resubscribe = async (): Promise<void> => {
      const unsubscribeAgain = await subscribeConfirmed(connection, subject, onMessage, onRejected)
      // stopped meanwhile
      if (!this.#pendingResubscribes.delete(resubscribe)) return unsubscribeAgain()
      unsubscribe = unsubscribeAgain
    }
    return () => {
      this.#pendingResubscribes.delete(resubscribe)
      unsubscribe()
    }
  }

  async resume(connection: NatsConnection): Promise<void> {
    // the client has sent every subscription again before; what is refused of them is told before the answer
    await connection.flush()
    while (!this.#closed) {
      for (const resubscribe of [...this.#pendingResubscribes]) {
        try {
          await resubscribe()
        } catch (error) {
          if (!isRejection(error)) throw error
        }
      }
      if (this.#pendingResubscribes.size === 0) return
      await pause(RESUBSCRIBE_PAUSE_MS, undefined, { ref: false })
    }
  }

  close(): void {
    this.#closed = true
    this.#pendingResubscribes.clear()
  }

  /** What was published in one step is confirmed by one round trip. */
  #flushed(connection: NatsConnection): Promise<void> {
    this.#pendingFlush ??= Promise.resolve().then(() => {
      this.#pendingFlush = undefined
      return connection.flush().then(() => afterMicrotasks())
    })
    return this.#pendingFlush
  }
}
