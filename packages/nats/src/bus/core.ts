import { setTimeout as pause } from 'node:timers/promises'
import type { Msg, NatsConnection, PermissionViolationError, ServerInfo } from '@nats-io/transport-node'
import { ArgumentError } from '@sync/core'
import { type BusCapabilities, type EncodedChange, frames, type Scope } from '@sync/core/adapter'
import { isRefusal } from '../errors.ts'
import { subjectOf } from '../subjects.ts'
import { hear, stepsOver } from './hear.ts'
import type { Listening, Medium } from './medium.ts'
import type { Settings } from './settings.ts'

/** What a server takes if nobody changed it. */
const USUAL_PAYLOAD = 1_048_576

/** Subjects that are remembered as refused. */
const MOST_DENIED = 1_000

/** The pause before a subscription that was refused is tried again, in ms. */
const PAUSE = 1_000

/** Plain subjects: whoever is there hears it. */
export class CoreMedium implements Medium {
  readonly #settings: Settings
  /** What the server said last of subjects that we may not publish to. */
  readonly #denied = new Map<string, PermissionViolationError>()
  /** Subscribe again for those whom the server refused after it had taken them. */
  readonly #refused = new Set<() => Promise<void>>()
  #closed = false
  #confirmation: Promise<void> | undefined

  constructor(settings: Settings) {
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
      maxPayloadBytes: Math.min(this.#settings.maxPayloadBytes, server?.max_payload ?? USUAL_PAYLOAD),
    }
  }

  async publish(connection: NatsConnection, scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    const subject = subjectOf(this.#settings.prefix, scope)
    const { maxPayloadBytes } = this.capabilities(connection.info)
    const before = this.#denied.get(subject)
    for (const { text } of frames(changes, maxPayloadBytes)) connection.publish(subject, text)
    await this.#confirmed(connection)
    const denied = this.#denied.get(subject)
    if (denied && denied !== before) throw denied
  }

  denied(error: PermissionViolationError): void {
    if (error.operation !== 'publish') return
    if (this.#denied.size >= MOST_DENIED) this.#denied.clear()
    this.#denied.set(error.subject, error)
  }

  async listen(connection: NatsConnection, scope: Scope, { onFrame, after, onDeaf }: Listening): Promise<() => void> {
    if (after !== undefined) throw new ArgumentError('after: core NATS keeps nothing to begin from', { address: scope })
    const subject = subjectOf(this.#settings.prefix, scope)
    const onMessage = ({ data }: Msg): void => onFrame(data)
    const onRefused = (): void => {
      this.#refused.add(again)
      onDeaf()
    }
    let end = await hear(connection, subject, onMessage, onRefused)
    const again = async (): Promise<void> => {
      const endAgain = await hear(connection, subject, onMessage, onRefused)
      // stopped meanwhile
      if (!this.#refused.delete(again)) return endAgain()
      end = endAgain
    }
    return () => {
      this.#refused.delete(again)
      end()
    }
  }

  async resume(connection: NatsConnection): Promise<void> {
    // the client has sent every subscription again before; what is refused of them is told before the answer
    await connection.flush()
    while (!this.#closed) {
      for (const again of [...this.#refused]) {
        try {
          await again()
        } catch (error) {
          if (!isRefusal(error)) throw error
        }
      }
      if (this.#refused.size === 0) return
      await pause(PAUSE, undefined, { ref: false })
    }
  }

  close(): void {
    this.#closed = true
    this.#refused.clear()
  }

  /** What was published in one step is confirmed by one round trip. */
  #confirmed(connection: NatsConnection): Promise<void> {
    this.#confirmation ??= Promise.resolve().then(() => {
      this.#confirmation = undefined
      return connection.flush().then(() => stepsOver())
    })
    return this.#confirmation
  }
}
