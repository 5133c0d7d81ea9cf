/** One partition of a topic, and who leads it; -1: nobody just now. */
export interface Partition {
  readonly topic: string
  readonly partition: number
  readonly leader: number
}

/** What a partition keeps: from its first offset on, up to the one that the next record will have. */
export interface OffsetRange {
  readonly first: number
  readonly end: number
}

/** A record to be written. */
export interface OutgoingRecord {
  readonly key: string
  readonly value: string
}

/** A record that was read. */
export interface IncomingRecord {
  readonly offset: number
  /** When it was written, in ms since 1970. */
  readonly time: number
  readonly key: string
  readonly value: Uint8Array
}

/** Where a partition is to be read from. */
export interface FetchPosition extends Partition {
  readonly next: number
}

/** What a read gave, for each partition that it had something for, and where to go on. */
export interface FetchResult {
  readonly position: FetchPosition
  readonly records: readonly IncomingRecord[]
  readonly next: number
}

/** One read, from partitions with one and the same leader. */
export interface FetchRequest {
  readonly leader: number
  /** Each has a line of its own to every broker, on which one read waits for the other. */
  readonly lane: 'live' | 'joining'
  /** How long the broker may wait for something to come, in ms. */
  readonly maxWaitMs: number
  readonly positions: readonly FetchPosition[]
}

/** How a topic is made. */
export interface TopicSettings {
  readonly partitions: number
  readonly replicas: number
  readonly config: Readonly<Record<string, string>>
}

/**
 * All that this package needs of a client of Kafka, whichever it is. It retries nothing and caches nothing but connections;
 * every call rejects with a {@link KafkaFailure}, in bounded time.
 */
export interface KafkaClient {
  /** Its partitions in their order; `undefined`: there is no such topic. */
  describeTopic(name: string): Promise<readonly Partition[] | undefined>
  /** One that exists already is left as it is. */
  createTopic(name: string, settings: TopicSettings): Promise<void>
  /** In the order of the partitions given. */
  offsetRanges(partitions: readonly Partition[]): Promise<readonly OffsetRange[]>
  /** Writes records in order, as one batch; resolves when all copies in sync have them. Sent once. */
  produce(partition: Partition, records: readonly OutgoingRecord[]): Promise<void>
  fetch(request: FetchRequest): Promise<readonly FetchResult[]>
  /** Gives up all connections to a broker that does not answer; the next call opens new ones. */
  disconnect(broker: number): void
  /** Ends all connections at once. */
  close(): Promise<void>
}

/**
 * `unreachable`: not reached, or not answered. `retriable`: answered that it does not go just now. `not-leader`: another broker leads the
 * partition, or nobody. `out-of-range`: no such offset. `too-large`: more than the topic takes. `rejected`: asking again does not help.
 */
export type FailureKind = 'unreachable' | 'retriable' | 'not-leader' | 'out-of-range' | 'too-large' | 'rejected'

/** Why a client did not do something. */
export class KafkaFailure extends Error {
  readonly kind: FailureKind
  constructor(kind: FailureKind, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.kind = kind
  }
}

/** Kafka's names for what a new look at the topic's leaders may mend. */
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

/** And for what time may mend. */
const RETRIABLE_ERRORS: ReadonlySet<string> = new Set([
  'REQUEST_TIMED_OUT',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'NOT_CONTROLLER',
  'NETWORK_EXCEPTION',
  'BROKER_NOT_AVAILABLE',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'THROTTLING_QUOTA_EXCEEDED',
  'UNKNOWN',
])

/** What an error of the protocol means, by Kafka's name for it. */
export function failureKindOf(name: string): FailureKind {
  if (NOT_LEADER_ERRORS.has(name)) return 'not-leader'
  if (RETRIABLE_ERRORS.has(name)) return 'retriable'
  if (name === 'OFFSET_OUT_OF_RANGE') return 'out-of-range'
  if (name === 'MESSAGE_TOO_LARGE' || name === 'RECORD_LIST_TOO_LARGE') return 'too-large'
  return 'rejected'
}
