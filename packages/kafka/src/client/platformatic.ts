import type { fetchV13 } from '@platformatic/kafka'
import {
  type FetchPosition,
  type FetchRequest,
  type FetchResult,
  failureKindOf,
  type IncomingRecord,
  type KafkaClient,
  KafkaFailure,
  type OffsetRange,
  type OutgoingRecord,
  type Partition,
  type TopicSettings,
} from './client.ts'
import { type ClusterLayout, FETCH_API, type KafkaInspector, TOPIC_CONFIG } from './inspector.ts'
import { FETCH_LIMITS } from './limits.ts'
import { PlatformaticConnections } from './platformatic-connections.ts'
import type { ClientSettings } from './settings.ts'

const READ_UNCOMMITTED = 0
const [LATEST, EARLIEST] = [-1n, -2n] as const
/** Placeholder in requests: no leader epoch is checked, and no fetch session is used. */
const UNSPECIFIED = -1
/** Attribute bit of a control batch, which a broker wrote itself. */
const CONTROL_BATCH = 0x20

type Batches = NonNullable<fetchV13.FetchResponsePartition['records']>

/** `KafkaClient` over the connections and requests of `@platformatic/kafka`. Kafka 3.1 and newer support these request versions. */
export class PlatformaticClient implements KafkaClient, KafkaInspector {
  readonly #library: typeof import('@platformatic/kafka')
  readonly #timeout: number
  readonly #connections: PlatformaticConnections
  readonly #topicIds = new Map<string, string>()

  constructor(settings: ClientSettings, library: typeof import('@platformatic/kafka')) {
    this.#library = library
    this.#timeout = settings.timeout
    this.#connections = new PlatformaticConnections(settings, library)
  }

  describeTopic(name: string): Promise<readonly Partition[] | undefined> {
    return wrapFailures(async () => {
      try {
        const connection = await this.#connections.toAny()
        const { brokers, topics } = await this.#library.metadataV12.api.async(connection, [name], false, false)
        this.#connections.updateBrokers(brokers)
        const found = topics.find((topic) => topic.name === name)
        if (!found) throw new KafkaFailure('unreachable', `topic ${name} is missing in the metadata`)
        this.#topicIds.set(name, found.topicId)
        return found.partitions
          .map(({ partitionIndex, leaderId }) => ({ topic: name, partition: partitionIndex, leader: leaderId }))
          .sort((a, b) => a.partition - b.partition)
      } catch (error) {
        if (protocolName(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return undefined
        throw error
      }
    })
  }

  createTopic(name: string, { partitions, replicas, config }: TopicSettings): Promise<void> {
    return wrapFailures(async () => {
      const configs = Object.entries(config).map(([key, value]) => ({ name: key, value }))
      const topic = { name, numPartitions: partitions, replicationFactor: replicas, assignments: [], configs }
      try {
        await this.#library.createTopicsV7.api.async(await this.#connections.toAny(), [topic], this.#timeout, false)
      } catch (error) {
        if (protocolName(error) !== 'TOPIC_ALREADY_EXISTS') throw error
      }
    })
  }

  offsetRanges(partitions: readonly Partition[]): Promise<readonly OffsetRange[]> {
    return wrapFailures(async () => {
      const [firsts, ends] = await Promise.all([EARLIEST, LATEST].map((time) => this.#listOffsets(partitions, time)))
      return partitions.map(({ partition }) => {
        const [first, end] = [firsts?.get(partition), ends?.get(partition)]
        if (first === undefined || end === undefined)
          throw new KafkaFailure('not-leader', `no offset was returned for Kafka partition ${partition}`)
        return { first, end }
      })
    })
  }

  produce({ topic, partition, leader }: Partition, records: readonly OutgoingRecord[]): Promise<void> {
    return wrapFailures(async () => {
      const timestamp = BigInt(Date.now())
      const messages = records.map(({ key, value }) => ({
        topic,
        partition,
        timestamp,
        key: Buffer.from(key),
        value: Buffer.from(value),
      }))
      await this.#library.produceV9.api.async(
        await this.#connections.to(leader, 'request'),
        -1,
        this.#timeout,
        messages,
        {},
      )
    })
  }

  fetch({ leader, lane, maxWaitMs, positions }: FetchRequest): Promise<readonly FetchResult[]> {
    return wrapFailures(async () => {
      const connection = await this.#connections.to(leader, lane)
      const byId = Map.groupBy(positions, ({ topic }) => this.#topicId(topic))
      const topics = [...byId].map(([topicId, topicPositions]) => ({
        topicId,
        partitions: topicPositions.map(({ partition, next }) => ({
          partition,
          currentLeaderEpoch: UNSPECIFIED,
          fetchOffset: BigInt(next),
          lastFetchedEpoch: UNSPECIFIED,
          partitionMaxBytes: FETCH_LIMITS.partitionBytes,
        })),
      }))
      const { responses } = await this.#library.fetchV13.api.async(
        connection,
        maxWaitMs,
        1,
        FETCH_LIMITS.responseBytes,
        READ_UNCOMMITTED,
        0,
        UNSPECIFIED,
        topics,
        [],
        '',
      )
      return responses.flatMap(({ topicId, partitions }) =>
        partitions.flatMap(({ partitionIndex, records }): FetchResult[] => {
          const position = byId.get(topicId)?.find(({ partition }) => partition === partitionIndex)
          return position && records && records.length > 0 ? [toFetchResult(position, records)] : []
        }),
      )
    })
  }

  describeCluster(): Promise<ClusterLayout> {
    return wrapFailures(async () => {
      const connection = await this.#connections.toAny()
      const { apiKeys } = await this.#library.apiVersionsV3.api.async(connection, 'sync', '1')
      const metadata = await this.#library.metadataV12.api.async(connection, null, false, false)
      return {
        brokers: metadata.brokers,
        controller: metadata.controllerId,
        fetchVersion: apiKeys.find(({ apiKey }) => apiKey === FETCH_API)?.maxVersion ?? 0,
        topics: metadata.topics.map(({ name, partitions }) => ({
          name: name ?? '',
          replicas: partitions.map(({ replicaNodes }) => replicaNodes.length),
        })),
      }
    })
  }

  topicConfig(name: string): Promise<Readonly<Record<string, string>>> {
    return wrapFailures(async () => {
      const connection = await this.#connections.toAny()
      const resource = { resourceType: TOPIC_CONFIG, resourceName: name } as const
      const { results } = await this.#library.describeConfigsV4.api.async(connection, [resource], false, false)
      return Object.fromEntries((results[0]?.configs ?? []).map((config) => [config.name, config.value ?? '']))
    })
  }

  disconnect(broker: number): void {
    this.#connections.disconnect(broker)
  }

  close(): Promise<void> {
    return this.#connections.close()
  }

  #topicId(topic: string): string {
    const id = this.#topicIds.get(topic)
    if (id === undefined) throw new KafkaFailure('not-leader', `the id of topic ${topic} is not known yet`)
    return id
  }

  async #listOffsets(partitions: readonly Partition[], timestamp: bigint): Promise<ReadonlyMap<number, number>> {
    const byLeader = Map.groupBy(partitions, ({ leader }) => leader)
    const answers = [...byLeader].map(async ([leader, ledPartitions]) => {
      const requested = ledPartitions.map(({ partition }) => ({
        partitionIndex: partition,
        currentLeaderEpoch: UNSPECIFIED,
        timestamp,
      }))
      const topic = { name: ledPartitions[0]?.topic ?? '', partitions: requested }
      const connection = await this.#connections.to(leader, 'request')
      const { topics } = await this.#library.listOffsetsV7.api.async(connection, UNSPECIFIED, READ_UNCOMMITTED, [topic])
      return topics.flatMap((each) => each.partitions)
    })
    const all = (await Promise.all(answers)).flat()
    return new Map(all.map(({ partitionIndex, offset }) => [partitionIndex, Number(offset)]))
  }
}

function toFetchResult(position: FetchPosition, batches: Batches): FetchResult {
  const records: IncomingRecord[] = []
  let { next } = position
  for (const { firstOffset, firstTimestamp, lastOffsetDelta, attributes, records: batchRecords } of batches) {
    const first = Number(firstOffset)
    next = Math.max(next, first + lastOffsetDelta + 1)
    if ((attributes & CONTROL_BATCH) !== 0) continue
    for (const { offsetDelta, timestampDelta, key, value } of batchRecords) {
      const offset = first + offsetDelta
      // brokers return whole batches, which may begin before the requested offset
      if (offset < position.next) continue
      const time = Number(firstTimestamp + timestampDelta)
      records.push({ offset, time, key: key?.toString('utf8') ?? '', value: value ?? Buffer.alloc(0) })
    }
  }
  return { position, records, next }
}

async function wrapFailures<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof KafkaFailure) throw error
    const name = protocolName(error)
    if (name !== undefined) throw new KafkaFailure(failureKindOf(name), error)
    throw new KafkaFailure(isAuthentication(error) ? 'rejected' : 'unreachable', error)
  }
}

/** True if the broker rejected the credentials. The client wraps that error in a connection error. */
function isAuthentication(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('code' in error && error.code === 'PLT_KFK_AUTHENTICATION') || isAuthentication(error.cause)
}

/** Returns Kafka's name of an error, taken from the first of the errors that a response error wraps. */
function protocolName(error: unknown): string | undefined {
  const { apiId, errors } = error as { readonly apiId?: string; readonly errors?: readonly unknown[] }
  return apiId ?? (errors?.[0] === undefined ? undefined : protocolName(errors[0]))
}
