import { createTopicsV7, fetchV13, listOffsetsV7, metadataV12, produceV9 } from '@platformatic/kafka'
import {
  type Bounds,
  type IncomingRecord,
  type KafkaClient,
  KafkaFailure,
  kindOf,
  type OutgoingRecord,
  type Partition,
  type ReadAnswer,
  type ReadPoint,
  type ReadRequest,
  type TopicSettings,
} from './client.ts'
import { LIMITS } from './limits.ts'
import { PlatformaticLines } from './platformatic-lines.ts'
import type { ClientSettings } from './settings.ts'

const READ_UNCOMMITTED = 0
const [LATEST, EARLIEST] = [-1n, -2n] as const
/** No leader's epoch is asked for, and no session of reads kept. */
const NONE = -1
/** Of a batch that a broker wrote for itself. */
const CONTROL = 0x20

type Batches = NonNullable<fetchV13.FetchResponsePartition['records']>

/** Kafka by the connections and requests of `@platformatic/kafka`, in versions that Kafka 3.1 and all since then speak. */
export class PlatformaticClient implements KafkaClient {
  readonly #timeout: number
  readonly #lines: PlatformaticLines
  readonly #topicIds = new Map<string, string>()

  constructor(settings: ClientSettings) {
    this.#timeout = settings.timeout
    this.#lines = new PlatformaticLines(settings)
  }

  topic(name: string): Promise<readonly Partition[] | undefined> {
    return attempt(async () => {
      try {
        const line = await this.#lines.any()
        const { brokers, topics } = await metadataV12.api.async(line, [name], false, false)
        this.#lines.learn(brokers)
        const found = topics.find((topic) => topic.name === name)
        if (!found) throw new KafkaFailure('away', 'the broker did not tell of the topic')
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
    return attempt(async () => {
      const configs = Object.entries(config).map(([key, value]) => ({ name: key, value }))
      const wanted = { name, numPartitions: partitions, replicationFactor: replicas, assignments: [], configs }
      try {
        await createTopicsV7.api.async(await this.#lines.any(), [wanted], this.#timeout, false)
      } catch (error) {
        if (protocolName(error) !== 'TOPIC_ALREADY_EXISTS') throw error
      }
    })
  }

  bounds(partitions: readonly Partition[]): Promise<readonly Bounds[]> {
    return attempt(async () => {
      const [firsts, ends] = await Promise.all([EARLIEST, LATEST].map((time) => this.#offsets(partitions, time)))
      return partitions.map(({ partition }) => {
        const [first, end] = [firsts?.get(partition), ends?.get(partition)]
        if (first === undefined || end === undefined)
          throw new KafkaFailure('moved', `no offset was told of partition ${partition}`)
        return { first, end }
      })
    })
  }

  write({ topic, partition, leader }: Partition, records: readonly OutgoingRecord[]): Promise<void> {
    return attempt(async () => {
      const timestamp = BigInt(Date.now())
      const messages = records.map(({ key, value }) => ({
        topic,
        partition,
        timestamp,
        key: Buffer.from(key),
        value: Buffer.from(value),
      }))
      await produceV9.api.async(await this.#lines.to(leader, 'talk'), -1, this.#timeout, messages, {})
    })
  }

  read({ leader, lane, wait, points }: ReadRequest): Promise<readonly ReadAnswer[]> {
    return attempt(async () => {
      const line = await this.#lines.to(leader, lane)
      const byId = Map.groupBy(points, ({ topic }) => this.#idOf(topic))
      const topics = [...byId].map(([topicId, own]) => ({
        topicId,
        partitions: own.map(({ partition, next }) => ({
          partition,
          currentLeaderEpoch: NONE,
          fetchOffset: BigInt(next),
          lastFetchedEpoch: NONE,
          partitionMaxBytes: LIMITS.partitionBytes,
        })),
      }))
      const { responses } = await fetchV13.api.async(
        line,
        wait,
        1,
        LIMITS.answerBytes,
        READ_UNCOMMITTED,
        0,
        NONE,
        topics,
        [],
        '',
      )
      return responses.flatMap(({ topicId, partitions }) =>
        partitions.flatMap(({ partitionIndex, records }): ReadAnswer[] => {
          const point = byId.get(topicId)?.find(({ partition }) => partition === partitionIndex)
          return point && records && records.length > 0 ? [answerOf(point, records)] : []
        }),
      )
    })
  }

  drop(broker: number): void {
    this.#lines.drop(broker)
  }

  close(): Promise<void> {
    return this.#lines.close()
  }

  #idOf(topic: string): string {
    const id = this.#topicIds.get(topic)
    if (id === undefined) throw new KafkaFailure('moved', `${topic} has not been looked at`)
    return id
  }

  async #offsets(partitions: readonly Partition[], timestamp: bigint): Promise<ReadonlyMap<number, number>> {
    const byLeader = Map.groupBy(partitions, ({ leader }) => leader)
    const answers = [...byLeader].map(async ([leader, led]) => {
      const asked = led.map(({ partition }) => ({ partitionIndex: partition, currentLeaderEpoch: NONE, timestamp }))
      const topic = { name: led[0]?.topic ?? '', partitions: asked }
      const line = await this.#lines.to(leader, 'talk')
      const { topics } = await listOffsetsV7.api.async(line, NONE, READ_UNCOMMITTED, [topic])
      return topics.flatMap((each) => each.partitions)
    })
    const all = (await Promise.all(answers)).flat()
    return new Map(all.map(({ partitionIndex, offset }) => [partitionIndex, Number(offset)]))
  }
}

function answerOf(point: ReadPoint, batches: Batches): ReadAnswer {
  const records: IncomingRecord[] = []
  let { next } = point
  for (const { firstOffset, firstTimestamp, lastOffsetDelta, attributes, records: own } of batches) {
    const first = Number(firstOffset)
    next = Math.max(next, first + lastOffsetDelta + 1)
    if ((attributes & CONTROL) !== 0) continue
    for (const { offsetDelta, timestampDelta, key, value } of own) {
      const offset = first + offsetDelta
      // a batch comes whole, also what stands in it before the offset that was asked for
      if (offset < point.next) continue
      const time = Number(firstTimestamp + timestampDelta)
      records.push({ offset, time, key: key?.toString('utf8') ?? '', value: value ?? Buffer.alloc(0) })
    }
  }
  return { point, records, next }
}

async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof KafkaFailure) throw error
    const name = protocolName(error)
    if (name !== undefined) throw new KafkaFailure(kindOf(name), error)
    throw new KafkaFailure(isAuthentication(error) ? 'refused' : 'away', error)
  }
}

/** Whether we were turned away, which stands below the connection's failure. */
function isAuthentication(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('code' in error && error.code === 'PLT_KFK_AUTHENTICATION') || isAuthentication(error.cause)
}

/** Kafka's name for an error, which stands in the first of those that a response holds. */
function protocolName(error: unknown): string | undefined {
  const { apiId, errors } = error as { readonly apiId?: string; readonly errors?: readonly unknown[] }
  return apiId ?? (errors?.[0] === undefined ? undefined : protocolName(errors[0]))
}
