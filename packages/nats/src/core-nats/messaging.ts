import { setTimeout as pause } from 'node:timers/promises'
import type { Msg, NatsConnection, PermissionViolationError, ServerInfo } from '@nats-io/transport-node'
import { type BusCapabilities, type EncodedChange, encodeFrames, type Scope } from '@sync/core/adapter'
import { isRejection } from '../errors.ts'
import type { Messaging, SubscriptionHandlers } from '../messaging/messaging.ts'
import { afterMicrotasks, subscribeConfirmed } from '../messaging/subscribe.ts'
import type { BusSettings } from '../settings.ts'
import { subjectFor } from '../subjects.ts'

/** A server's default `max_payload`, in bytes. */
const DEFAULT_MAX_PAYLOAD = 1_048_576

/** Maximum number of subjects whose denial is remembered. */
const MAX_DENIED_SUBJECTS = 1_000

/** Pause before a rejected subscription is retried, in milliseconds. */
const RESUBSCRIBE_PAUSE_MS = 1_000

/** Messaging over plain NATS subjects: only the current subscribers receive a frame. */
export class CoreMessaging implements Messaging {
  readonly #settings: BusSettings
  /** The latest denial of each subject to which the user may not publish. */
  readonly #denied = new Map<string, PermissionViolationError>()
  /** Resubscribe functions of subscriptions that the server denied after it had accepted them. */
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
      // a server processes each publisher's connection separately, so several publishers have no common order
      ordering: 'per-publisher',
      durability: 'sent',
      whenDown: 'reject',
      // other nodes of a cluster learn of a subscription only after the local server has confirmed it
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
    await this.#flush(connection)
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
    { onFrame, onSubscriptionLost }: SubscriptionHandlers,
  ): Promise<() => void> {
    const subject = subjectFor(this.#settings.prefix, scope)
    const onMessage = ({ data }: Msg): void => onFrame(data)
    const onRejected = (): void => {
      this.#pendingResubscribes.add(resubscribe)
      onSubscriptionLost()
    }
    let unsubscribe = await subscribeConfirmed(connection, subject, onMessage, onRejected)
    const resubscribe = async (): Promise<void> => {
      const unsubscribeAgain = await subscribeConfirmed(connection, subject, onMessage, onRejected)
      // the subscription was stopped while the server answered
      if (!this.#pendingResubscribes.delete(resubscribe)) return unsubscribeAgain()
      unsubscribe = unsubscribeAgain
    }
    return () => {
      this.#pendingResubscribes.delete(resubscribe)
      unsubscribe()
    }
  }

  async resume(connection: NatsConnection): Promise<void> {
    // the client has already resent every subscription; denials of those arrive before the answer to this flush
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

  /** Confirms everything published in one turn of the event loop with one round trip. */
  #flush(connection: NatsConnection): Promise<void> {
    this.#pendingFlush ??= Promise.resolve().then(() => {
      this.#pendingFlush = undefined
      return connection.flush().then(() => afterMicrotasks())
    })
    return this.#pendingFlush
  }
}
