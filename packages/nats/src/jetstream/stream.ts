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

/** JetStream's error code for a stream that exists with another configuration. */
const STREAM_NAME_IN_USE = 10_058

/** Timeout of one JetStream request, in milliseconds. It is short because requests are retried. */
export const REQUEST_TIMEOUT_MS = 1_000

/** The state of a stream. */
export interface StreamState {
  /** Creation time, as the server formats it; it distinguishes a stream from an earlier one of the same name. */
  readonly created: string
  readonly firstSequence: number
  readonly lastSequence: number
}

/** True if a request got no answer, which happens while a stream has no leader or does not exist yet. */
export const isTransient = (error: unknown): boolean =>
  error instanceof errors.TimeoutError ||
  (error instanceof Error && error.cause instanceof errors.RequestError && error.cause.isNoResponders())

/** Returns the subject roots: `log` for frames to store, `live` for frames republished once they are stored. */
export const subjectRoots = ({ prefix }: BusSettings): { readonly log: string; readonly live: string } => ({
  log: `${prefix}-log`,
  live: `${prefix}-live`,
})

/** The stream of one partition. It is created on first use, and again if it was deleted. */
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

  /**
   * Returns the stream's state, and creates the stream if it does not exist.
   * @throws NatsError (`SYNC_NATS`) if a stream of this name exists that does not republish as this bus requires
   */
  async state(): Promise<StreamState> {
    const { streams } = await this.#manager
    const info = await streams.info(this.name).catch((error: unknown) => {
      if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return this.#create()
      throw error
    })
    const live = `${subjectRoots(this.#settings).live}.${escapeToken(this.#partition)}.>`
    if (info.config.republish?.dest !== live)
      throw new NatsError(
        `stream ${this.name}: expected it to republish to ${live}, got ${info.config.republish?.dest ?? 'no republishing'}; delete the stream or use another prefix`,
      )
    const { first_seq, last_seq } = info.state
    return { created: info.created, firstSequence: first_seq, lastSequence: last_seq }
  }

  /** Returns the first message of a subject at or after a sequence, or `undefined` if none is stored. */
  async firstMessageFrom(subject: string, sequence: number): Promise<StoredMsg | undefined> {
    const { streams } = await this.#manager
    // the client's types allow this query only for direct reads, and a node that lags behind may answer those
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
      // another instance, with other settings, created the stream first
      if (error instanceof JetStreamApiError && error.code === STREAM_NAME_IN_USE) return streams.info(this.name)
      throw error
    }
  }
}

/** Returns a partition's stream name. The server uses it as a folder name, so names are short and never differ by case alone. */
function streamName(prefix: string, partition: string): string {
  // only names with a hash end in a hyphen, so the two forms never collide
  if (/^[a-z0-9_-]{0,63}[a-z0-9_]$/.test(partition)) return `${prefix}-${partition}`
  const readable = partition.replaceAll(/[^\w-]/g, '_').slice(0, 32)
  return `${prefix}-${readable}-${createHash('sha256').update(partition).digest('hex').slice(0, 32)}-`
}
