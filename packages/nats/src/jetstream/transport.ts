import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { jetstream } from '@nats-io/jetstream'
import type { NatsConnection, ServerInfo } from '@nats-io/transport-node'
import { OffsetLostError } from '@sync/core'
import { type BusCapabilities, type EncodedChange, encodeFrames, type Frame, type Scope } from '@sync/core/adapter'
import type { BusSettings } from '../settings.ts'
import { subjectFor } from '../subjects.ts'
import { subscribeConfirmed } from '../transport/subscribe.ts'
import type { SubscriptionHandlers, Transport } from '../transport/transport.ts'
import { Follower } from './follower.ts'
import { parseOffset } from './offset.ts'
import { PartitionFollowers } from './partition-followers.ts'
import { isTransient, PartitionStream, REQUEST_TIMEOUT_MS, type StreamState, subjectRoots } from './stream.ts'

/** What a server takes if nobody changed it, and what of it headers need. */
const DEFAULT_MAX_PAYLOAD = 1_048_576
const HEADER_BYTES = 256

/** A stream without a leader has a new one after some seconds; so long a frame is sent again. */
const RESEND_TIMEOUT_MS = 10_000
const RETRY_PAUSE_MS = 100

/** JetStream: a stream per partition keeps what was published, and sends on what it has stored. */
export class JetStreamTransport implements Transport {
  readonly #settings: BusSettings
  readonly #roots: ReturnType<typeof subjectRoots>
  readonly #partitions = new Map<string, PartitionFollowers>()
  /** Frames of a subject that are sent again: what is published later waits for them. */
  readonly #resending = new Map<string, Promise<void>>()
  #closed = false

  constructor(settings: BusSettings) {
    this.#settings = settings
    this.#roots = subjectRoots(settings)
  }

  capabilities(server: ServerInfo | undefined): BusCapabilities {
    const replicas = this.#settings.replicas ?? (server?.cluster ? 3 : 1)
    return {
      delivery: 'at-least-once',
      replay: 'from-offset',
      ordering: 'per-section',
      durability: replicas > 1 ? 'replicated' : 'server',
      whenDown: 'reject',
      live: 'at-once',
      echo: true,
      maxPayloadBytes: Math.min(
        this.#settings.maxPayloadBytes,
        (server?.max_payload ?? DEFAULT_MAX_PAYLOAD) - HEADER_BYTES,
      ),
    }
  }

  async publish(connection: NatsConnection, scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    const subject = subjectFor(this.#roots.log, scope)
    const { maxPayloadBytes } = this.capabilities(connection.info)
    const partition = this.#partition(connection, scope.partition)
    const sent = encodeFrames(changes, maxPayloadBytes).map((frame) =>
      this.#send(connection, partition, { subject, frame }),
    )
    const failed = (await Promise.allSettled(sent)).find((outcome) => outcome.status === 'rejected')
    if (failed) throw failed.reason
  }

  async subscribe(
    connection: NatsConnection,
    scope: Scope,
    { after, ...handlers }: SubscriptionHandlers,
  ): Promise<() => void> {
    const offset = after === undefined ? undefined : parseOffset(after)
    const partition = this.#partition(connection, scope.partition)
    const follower = new Follower(partition.stream, subjectFor(this.#roots.log, scope), handlers)
    // listen first, then learn where the stream stands
    const unsubscribe = await subscribeConfirmed(connection, subjectFor(this.#roots.live, scope), (message) =>
      follower.receive(message),
    )
    try {
      const state = await partition.stream.state()
      if (offset && !retains(state, offset))
        throw new OffsetLostError('after: what came after this offset is not kept any more', { address: scope })
      follower.start(offset ?? { created: state.created, sequence: state.lastSequence })
      await follower.catchUp(state)
    } catch (error) {
      unsubscribe()
      follower.stop()
      throw error
    }
    const remove = partition.add(follower)
    return () => {
      unsubscribe()
      remove()
    }
  }

  async resume(connection: NatsConnection): Promise<void> {
    await connection.flush()
    await Promise.all(
      [...this.#partitions.values()].map(async (partition) => {
        // a stream may be without a leader for a while
        while (!this.#closed) {
          try {
            return await partition.poll()
          } catch {
            if (!connection.info) return
            await pause(RETRY_PAUSE_MS, undefined, { ref: false })
          }
        }
      }),
    )
  }

  close(): void {
    this.#closed = true
    for (const partition of this.#partitions.values()) partition.close()
  }

  #partition(connection: NatsConnection, name: string): PartitionFollowers {
    const partition =
      this.#partitions.get(name) ?? new PartitionFollowers(new PartitionStream(connection, name, this.#settings))
    this.#partitions.set(name, partition)
    return partition
  }

  async #send(connection: NatsConnection, partition: PartitionFollowers, outgoing: OutgoingFrame): Promise<void> {
    for (
      let resending = this.#resending.get(outgoing.subject);
      resending;
      resending = this.#resending.get(outgoing.subject)
    )
      await resending
    try {
      await this.#sendOnce(connection, outgoing)
    } catch (error) {
      if (!isTransient(error)) throw error
      await this.#resend(connection, partition, outgoing)
    }
  }

  async #sendOnce(connection: NatsConnection, { subject, frame }: OutgoingFrame): Promise<void> {
    const timeout = Math.min(REQUEST_TIMEOUT_MS, this.#settings.timeout)
    await jetstream(connection).publish(subject, frame.text, { msgID: messageId(subject, frame), timeout })
  }

  /** In the order in which they failed: the stream removes what it has stored already. */
  async #resend(connection: NatsConnection, { stream }: PartitionFollowers, outgoing: OutgoingFrame): Promise<void> {
    const deadline = Date.now() + RESEND_TIMEOUT_MS
    const previous = this.#resending.get(outgoing.subject) ?? Promise.resolve()
    const sending = previous.then(async () => {
      for (;;) {
        try {
          // it may not have been made yet, or be gone
          await stream.state()
          return await this.#sendOnce(connection, outgoing)
        } catch (error) {
          if (!isTransient(error) || this.#closed || Date.now() > deadline || !connection.info) throw error
        }
        await pause(RETRY_PAUSE_MS)
      }
    })
    const settled = sending.catch(() => {})
    this.#resending.set(outgoing.subject, settled)
    try {
      await sending
    } finally {
      if (this.#resending.get(outgoing.subject) === settled) this.#resending.delete(outgoing.subject)
    }
  }
}

/** A frame on its way. */
interface OutgoingFrame {
  readonly subject: string
  readonly frame: Frame
}

const retains = (state: StreamState, { created, sequence }: { created: string; sequence: number }): boolean =>
  state.created === created && state.firstSequence <= sequence + 1 && sequence <= state.lastSequence

/** The same frame has the same id, whoever sends it however often. */
const messageId = (subject: string, { changes }: Frame): string =>
  createHash('sha256')
    .update(JSON.stringify([subject, changes[0]?.epoch, changes.map(({ sequence }) => sequence)]))
    .digest('base64url')
