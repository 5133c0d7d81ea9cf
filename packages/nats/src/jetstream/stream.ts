import { createHash } from 'node:crypto'
import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StoredMsg,
} from '@nats-io/jetstream'
import { errors, type NatsConnection, nanos } from '@nats-io/transport-node'
import { NatsError } from '../errors.ts'
import type { BusSettings } from '../settings.ts'
import { escapeToken } from '../subjects.ts'

/** How long one question to JetStream may take: one that leads nowhere is asked again. */
export const REQUEST_TIMEOUT_MS = 1_000

/** Where a stream stands. */
export interface StreamState {
  readonly created: string
  readonly firstSequence: number
  readonly lastSequence: number
}

/** Nobody answered: there may be no leader, or no stream yet. */
export const isTransient = (error: unknown): boolean =>
  error instanceof errors.TimeoutError ||
  (error instanceof Error && error.cause instanceof errors.RequestError && error.cause.isNoResponders())

/** What the frames of a partition are stored under, and what they are sent on under once they are. */
export const subjectRoots = ({ prefix }: BusSettings): { readonly log: string; readonly live: string } => ({
  log: `${prefix}-log`,
  live: `${prefix}-live`,
})

/** The stream of one partition: made when it is first needed, and again should it be gone. */
export class PartitionStream {
  readonly name: string
  readonly #partition: string
  readonly #settings: BusSettings
  readonly #manager: Promise<JetStreamManager>
  readonly #replicas: number

  constructor(connection: NatsConnection, partition: string, settings: BusSettings) {
    this.#partition = partition
    this.#settings = settings
    this.name = streamName(settings.prefix, partition)
    this.#manager = jetstreamManager(connection, {
      timeout: Math.min(REQUEST_TIMEOUT_MS, settings.timeout),
      checkAPI: false,
    })
    this.#replicas = settings.replicas ?? (connection.info?.cluster ? 3 : 1)
  }

  /** Where it stands. Makes it if there is none. */
  async state(): Promise<StreamState> {
    const { streams } = await this.#manager
    const info = await streams.info(this.name).catch((error: unknown) => {
      if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return this.#create()
      throw error
    })
    const live = `${subjectRoots(this.#settings).live}.${escapeToken(this.#partition)}.>`
    if (info.config.republish?.dest !== live)
      throw new NatsError(`the stream ${this.name} is not one of ours: it does not send on to ${live}`)
    const { first_seq, last_seq } = info.state
    return { created: info.created, firstSequence: first_seq, lastSequence: last_seq }
  }

  /** The first message from a sequence on with a subject. */
  async firstMessageFrom(subject: string, sequence: number): Promise<StoredMsg | undefined> {
    const { streams } = await this.#manager
    // the client's type knows this query for direct reads alone, which may be answered by a node that lags behind
    const query: { readonly seq: number } = Object.assign({ seq: sequence }, { next_by_subj: subject })
    return (await streams.getMessage(this.name, query)) ?? undefined
  }

  async #create() {
    const { maxAge, maxMessages, maxBytes } = this.#settings
    const { log, live } = subjectRoots(this.#settings)
    const token = escapeToken(this.#partition)
    const { streams } = await this.#manager
    try {
      return await streams.add({
        name: this.name,
        subjects: [`${log}.${token}.>`],
        republish: { src: `${log}.${token}.>`, dest: `${live}.${token}.>` },
        retention: RetentionPolicy.Limits,
        storage: StorageType.File,
        discard: DiscardPolicy.Old,
        max_age: nanos(maxAge),
        max_msgs: maxMessages,
        ...(maxBytes !== undefined && { max_bytes: maxBytes }),
        duplicate_window: nanos(Math.min(maxAge, 120_000)),
        num_replicas: this.#replicas,
      })
    } catch (error) {
      // somebody with other settings was first
      if (error instanceof JetStreamApiError && error.code === 10_058) return streams.info(this.name)
      throw error
    }
  }
}

/** A stream's name is that of a folder: it must not differ by case alone, nor be long. */
function streamName(prefix: string, partition: string): string {
  // those with a hash end in a hyphen, and no other
  if (/^[a-z0-9_-]{0,63}[a-z0-9_]$/.test(partition)) return `${prefix}-${partition}`
  const readable = partition.replaceAll(/[^\w-]/g, '_').slice(0, 32)
  return `${prefix}-${readable}-${createHash('sha256').update(partition).digest('hex').slice(0, 32)}-`
}
