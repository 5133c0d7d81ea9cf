import { messageOf } from '@sync/core/adapter'

/** One Kafka partition of a topic. */
export interface Partition {
  readonly topic: string
  readonly partition: number
  /** Node id of the leader, -1 while there is none. */
  readonly leader: number
}

/** Offsets that a Kafka partition retains. */
export interface OffsetRange {
  /** Offset of the oldest retained record. */
  readonly first: number
  /** Offset that the next record will get. */
  readonly end: number
}

/** A record to write. */
export interface OutgoingRecord {
  readonly key: string
  readonly value: string
}

/** A record that was read. */
export interface IncomingRecord {
  readonly offset: number
  /** Time of the write, in milliseconds since 1970. */
  readonly time: number
  readonly key: string
  readonly value: Uint8Array
}

/** A Kafka partition, and the offset to read from. */
export interface FetchPosition extends Partition {
  readonly next: number
}

/** Records read from one Kafka partition. Partitions without new records have no result. */
export interface FetchResult {
  readonly position: FetchPosition
  readonly records: readonly IncomingRecord[]
  /** Offset from which to continue. */
  readonly next: number
}

/** One read of Kafka partitions that have the same leader. */
export interface FetchRequest {
  readonly leader: number
  /** Connection to use: each lane has its own connection to every broker, and reads of one lane wait for each other. */
  readonly lane: 'live' | 'joining'
  /** Maximum time that the broker waits for new records, in milliseconds. */
  readonly maxWaitMs: number
  readonly positions: readonly FetchPosition[]
}

/** Settings of a new topic. */
export interface TopicSettings {
  readonly partitions: number
  readonly replicas: number
  readonly config: Readonly<Record<string, string>>
}

/**
 * The operations that this package needs from a Kafka client. An implementation retries nothing, and caches nothing but connections.
 * Every call settles in bounded time, and rejects with a {@link KafkaFailure}.
 */
export interface KafkaClient {
  /** Returns a topic's Kafka partitions in order, or `undefined` if the topic does not exist. */
  describeTopic(name: string): Promise<readonly Partition[] | undefined>
  /** Creates a topic. An existing topic is left unchanged. */
  createTopic(name: string, settings: TopicSettings): Promise<void>
  /** Returns the offset ranges of Kafka partitions, in the order of the argument. */
  offsetRanges(partitions: readonly Partition[]): Promise<readonly OffsetRange[]>
  /** Writes records in order, as one batch that is sent once. Resolves when all in-sync replicas have it. */
  produce(partition: Partition, records: readonly OutgoingRecord[]): Promise<void>
  fetch(request: FetchRequest): Promise<readonly FetchResult[]>
  /** Closes all connections to a broker that does not answer. The next call opens new ones. */
  disconnect(broker: number): void
  /** Closes all connections immediately. */
  close(): Promise<void>
}

/**
 * Cause of a failed call, by its remedy:
 * - `unreachable`: the broker was not reached, or did not answer.
 * - `retriable`: the broker answered that the call is temporarily impossible.
 * - `not-leader`: another broker leads the Kafka partition, or none does.
 * - `out-of-range`: the offset does not exist.
 * - `too-large`: the topic does not accept a record of this size.
 * - `rejected`: a retry does not help.
 */
export type FailureKind = 'unreachable' | 'retriable' | 'not-leader' | 'out-of-range' | 'too-large' | 'rejected'

/** A failed call of a Kafka client. */
export class KafkaFailure extends Error {
  readonly kind: FailureKind
  constructor(kind: FailureKind, cause: unknown) {
    super(messageOf(cause), { cause })
    this.kind = kind
  }
}

/** Kafka's names of errors that a refresh of the topic's leaders may fix. */
const NOT_LEADER_ERRORS: ReadonlySet<string> = new Set([
  'NOT_LEADER_FOR_PARTITION',
  'NOT_LEADER_OR_FOLLOWER',
  'LEADER_NOT_AVAILABLE',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'INCONSISTENT_TOPIC_ID',
  'REPLICA_NOT_AVAILABLE',
  'KAFKA_STORAGE_ERROR',
  'OFFSET_NOT_AVAILABLE',
])

/** Kafka's names of errors that are temporary. */
const RETRIABLE_ERRORS: ReadonlySet<string> = new Set([
  'REQUEST_TIMED_OUT',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'NOT_CONTROLLER',
  'NETWORK_EXCEPTION',
  'BROKER_NOT_AVAILABLE',
  // a restarted broker is fenced at first: until then, too few brokers can take a new topic
  'INVALID_REPLICATION_FACTOR',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'THROTTLING_QUOTA_EXCEEDED',
  'UNKNOWN',
])

/** Classifies a protocol error by its Kafka name. */
export function failureKindOf(name: string): FailureKind {
  if (NOT_LEADER_ERRORS.has(name)) return 'not-leader'
  if (RETRIABLE_ERRORS.has(name)) return 'retriable'
  if (name === 'OFFSET_OUT_OF_RANGE') return 'out-of-range'
  if (name === 'MESSAGE_TOO_LARGE' || name === 'RECORD_LIST_TOO_LARGE') return 'too-large'
  return 'rejected'
}
