import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { jetstream } from '@nats-io/jetstream'
import type { NatsConnection, ServerInfo } from '@nats-io/transport-node'
import { OffsetLostError } from '@sync/core'
import { type BusCapabilities, type EncodedChange, encodeFrames, type Frame, type Scope } from '@sync/core/adapter'
import type { Messaging, SubscriptionHandlers } from '../messaging/messaging.ts'
import { subscribeConfirmed } from '../messaging/subscribe.ts'
import type { BusSettings } from '../settings.ts'
import { subjectFor } from '../subjects.ts'
import { Follower } from './follower.ts'
import { parseOffset } from './offset.ts'
import { PartitionFollowers } from './partition-followers.ts'
import { isTransient, PartitionStream, REQUEST_TIMEOUT_MS, type StreamState, subjectRoots } from './stream.ts'

/** A server's default `max_payload`, in bytes. */
const DEFAULT_MAX_PAYLOAD = 1_048_576

/** Bytes of `max_payload` that are reserved for message headers. */
const HEADER_BYTES = 256

/** Period during which a frame is resent, in milliseconds. A stream that lost its leader elects a new one within some seconds. */
const RESEND_TIMEOUT_MS = 10_000

/** Pause between two attempts, in milliseconds. */
const RETRY_PAUSE_MS = 100

/** Messaging over JetStream: one stream per partition stores every frame, and republishes it once it is stored. */
export class JetStreamMessaging implements Messaging {
  readonly #settings: BusSettings
  readonly #roots: ReturnType<typeof subjectRoots>
  readonly #partitions = new Map<string, PartitionFollowers>()
  /** Resends in progress, by subject. Later frames of the subject wait for them, which preserves the order. */
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
    // subscribe before reading the stream's state, so that no message falls between the two
    const unsubscribe = await subscribeConfirmed(connection, subjectFor(this.#roots.live, scope), (message) =>
      follower.receive(message),
    )
    try {
      const state = await partition.stream.state()
      if (offset && !retains(state, offset))
        throw new OffsetLostError('after: the stream no longer has every message after this offset', { address: scope })
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
        // retry: a stream has no leader during an election
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

  /**
   * Resends frames of one subject in the order in which they failed. A frame that the stream has already stored is dropped there, by
   * its message id.
   */
  async #resend(connection: NatsConnection, { stream }: PartitionFollowers, outgoing: OutgoingFrame): Promise<void> {
    const deadline = Date.now() + RESEND_TIMEOUT_MS
    const previous = this.#resending.get(outgoing.subject) ?? Promise.resolve()
    const sending = previous.then(async () => {
      for (;;) {
        try {
          // creates the stream if it does not exist
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

/** A frame to publish, and its subject. */
interface OutgoingFrame {
  readonly subject: string
  readonly frame: Frame
}

/** True if the stream still has every message after an offset. */
const retains = (state: StreamState, { created, sequence }: { created: string; sequence: number }): boolean =>
  state.created === created && state.firstSequence <= sequence + 1 && sequence <= state.lastSequence

/** Returns a frame's message id: equal for equal frames, regardless of the publisher, so that JetStream drops repeats. */
const messageId = (subject: string, { changes }: Frame): string =>
  createHash('sha256')
    .update(JSON.stringify([subject, changes[0]?.epoch, changes.map(({ sequence }) => sequence)]))
    .digest('base64url')
