import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { jetstream } from '@nats-io/jetstream'
import type { NatsConnection, ServerInfo } from '@nats-io/transport-node'
import { OffsetLostError } from '@sync/core'
import { type BusCapabilities, type EncodedChange, type Frame, frames, type Scope } from '@sync/core/adapter'
import { hear } from '../bus/hear.ts'
import type { Listening, Medium } from '../bus/medium.ts'
import type { Settings } from '../bus/settings.ts'
import { subjectOf } from '../subjects.ts'
import { Follower } from './follower.ts'
import { readOffset } from './offset.ts'
import { Partition } from './partition.ts'
import { ASK_WITHIN, mayPass, PartitionStream, roots, type StreamState } from './stream.ts'

/** What a server takes if nobody changed it, and what of it headers need. */
const USUAL_PAYLOAD = 1_048_576
const HEADERS = 256

/** A stream without a leader has a new one after some seconds; so long a frame is sent again. */
const SEND_WITHIN = 10_000
const PAUSE = 100

/** JetStream: a stream per partition keeps what was published, and sends on what it has stored. */
export class JetStreamMedium implements Medium {
  readonly #settings: Settings
  readonly #roots: ReturnType<typeof roots>
  readonly #partitions = new Map<string, Partition>()
  /** Frames of a subject that are sent again: what is published later waits for them. */
  readonly #again = new Map<string, Promise<void>>()
  #closed = false

  constructor(settings: Settings) {
    this.#settings = settings
    this.#roots = roots(settings)
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
      maxPayloadBytes: Math.min(this.#settings.maxPayloadBytes, (server?.max_payload ?? USUAL_PAYLOAD) - HEADERS),
    }
  }

  async publish(connection: NatsConnection, scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    const subject = subjectOf(this.#roots.log, scope)
    const { maxPayloadBytes } = this.capabilities(connection.info)
    const partition = this.#partition(connection, scope.partition)
    const sent = frames(changes, maxPayloadBytes).map((frame) => this.#send(connection, partition, { subject, frame }))
    const failed = (await Promise.allSettled(sent)).find((outcome) => outcome.status === 'rejected')
    if (failed) throw failed.reason
  }

  async listen(connection: NatsConnection, scope: Scope, { after, ...handling }: Listening): Promise<() => void> {
    const offset = after === undefined ? undefined : readOffset(after)
    const partition = this.#partition(connection, scope.partition)
    const follower = new Follower(partition.stream, subjectOf(this.#roots.log, scope), handling)
    // listen first, then learn where the stream stands
    const deafen = await hear(connection, subjectOf(this.#roots.live, scope), (message) => follower.take(message))
    try {
      const state = await partition.stream.state()
      if (offset && !keeps(state, offset))
        throw new OffsetLostError('after: what came after this offset is not kept any more', { address: scope })
      follower.start(offset ?? { created: state.created, sequence: state.last })
      await follower.catchUp(state)
    } catch (error) {
      deafen()
      follower.stop()
      throw error
    }
    const remove = partition.add(follower)
    return () => {
      deafen()
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
            return await partition.look()
          } catch {
            if (!connection.info) return
            await pause(PAUSE, undefined, { ref: false })
          }
        }
      }),
    )
  }

  close(): void {
    this.#closed = true
    for (const partition of this.#partitions.values()) partition.close()
  }

  #partition(connection: NatsConnection, name: string): Partition {
    const partition = this.#partitions.get(name) ?? new Partition(new PartitionStream(connection, name, this.#settings))
    this.#partitions.set(name, partition)
    return partition
  }

  async #send(connection: NatsConnection, partition: Partition, parcel: Parcel): Promise<void> {
    for (let before = this.#again.get(parcel.subject); before; before = this.#again.get(parcel.subject)) await before
    try {
      await this.#sendOnce(connection, parcel)
    } catch (error) {
      if (!mayPass(error)) throw error
      await this.#sendAgain(connection, partition, parcel)
    }
  }

  async #sendOnce(connection: NatsConnection, { subject, frame }: Parcel): Promise<void> {
    const timeout = Math.min(ASK_WITHIN, this.#settings.timeout)
    await jetstream(connection).publish(subject, frame.text, { msgID: idOf(subject, frame), timeout })
  }

  /** In the order in which they failed: the stream removes what it has stored already. */
  async #sendAgain(connection: NatsConnection, { stream }: Partition, parcel: Parcel): Promise<void> {
    const until = Date.now() + SEND_WITHIN
    const before = this.#again.get(parcel.subject) ?? Promise.resolve()
    const sending = before.then(async () => {
      for (;;) {
        try {
          // it may not have been made yet, or be gone
          await stream.state()
          return await this.#sendOnce(connection, parcel)
        } catch (error) {
          if (!mayPass(error) || this.#closed || Date.now() > until || !connection.info) throw error
        }
        await pause(PAUSE)
      }
    })
    const settled = sending.catch(() => {})
    this.#again.set(parcel.subject, settled)
    try {
      await sending
    } finally {
      if (this.#again.get(parcel.subject) === settled) this.#again.delete(parcel.subject)
    }
  }
}

/** A frame on its way. */
interface Parcel {
  readonly subject: string
  readonly frame: Frame
}

const keeps = (state: StreamState, { created, sequence }: { created: string; sequence: number }): boolean =>
  state.created === created && state.first <= sequence + 1 && sequence <= state.last

/** The same frame has the same id, whoever sends it however often. */
const idOf = (subject: string, { changes }: Frame): string =>
  createHash('sha256')
    .update(JSON.stringify([subject, changes[0]?.epoch, changes.map(({ sequence }) => sequence)]))
    .digest('base64url')
