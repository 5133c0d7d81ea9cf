import type { Admin, Kafka, SASLOptions } from 'kafkajs'
import type { KafkaSasl } from '../options.ts'
import {
  type FetchRequest,
  type FetchResult,
  failureKindOf,
  type KafkaClient,
  KafkaFailure,
  type OffsetRange,
  type OutgoingRecord,
  type Partition,
  type TopicSettings,
} from './client.ts'
import { type ClusterLayout, FETCH_API, type KafkaInspector, TOPIC_CONFIG } from './inspector.ts'
import { extractCluster, type KafkajsCluster } from './kafkajs-internals.ts'
import { FETCH_LIMITS } from './limits.ts'
import type { ClientSettings } from './settings.ts'
import { Sockets } from './sockets.ts'

/** Isolation level of reads. The weakest one suffices, because the bus writes no transactions. */
const READ_UNCOMMITTED = 0
const [LATEST, EARLIEST] = [-1, -2] as const

/** Copies SASL options, because kafkajs stores its own state in the object that it receives. */
const copySasl = ({ mechanism, username, password }: KafkaSasl): SASLOptions =>
  ({ mechanism, username, password }) as SASLOptions

/** `KafkaClient` over kafkajs. It uses only the requests and connections of kafkajs, not its retries, metadata cache or groups. */
export class KafkajsClient implements KafkaClient, KafkaInspector {
  readonly #library: typeof import('kafkajs')
  readonly #timeout: number
  readonly #sockets = new Sockets()
  readonly #settings: ClientSettings
  readonly #live: KafkajsCluster
  readonly #joining: KafkajsCluster
  readonly #addresses = new Map<number, string>()

  #adminsOpened = 0

  constructor(settings: ClientSettings, library: typeof import('kafkajs')) {
    this.#library = library
    this.#settings = settings
    this.#timeout = settings.timeout
    const kafka = this.#createKafka(settings.brokers)
    this.#live = extractCluster(kafka)
    this.#joining = extractCluster(kafka)
  }

  describeTopic(name: string): Promise<readonly Partition[] | undefined> {
    return wrapFailures(async () => {
      try {
        const metadata = await this.#live.metadata({ topics: [name] })
        const found = metadata?.topicMetadata.find(({ topic }) => topic === name)
        if (!metadata || !found) throw new KafkaFailure('unreachable', `topic ${name} is missing in the metadata`)
        for (const { nodeId, host, port } of metadata.brokers) this.#addresses.set(nodeId, `${host}:${port}`)
        return found.partitionMetadata
          .map(({ partitionId, leader }) => ({ topic: name, partition: partitionId, leader }))
          .sort((a, b) => a.partition - b.partition)
      } catch (error) {
        if (typeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return undefined
        throw error
      }
    })
  }

  createTopic(topic: string, { partitions, replicas, config }: TopicSettings): Promise<void> {
    return wrapFailures(async () => {
      const admin = this.#createAdmin()
      const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
      try {
        await admin.connect()
        await admin.createTopics({
          topics: [{ topic, numPartitions: partitions, replicationFactor: replicas, configEntries }],
          waitForLeaders: false,
          timeout: this.#timeout,
        })
      } finally {
        await admin.disconnect()
      }
    })
  }

  offsetRanges(partitions: readonly Partition[]): Promise<readonly OffsetRange[]> {
    return wrapFailures(async () => {
      const [firsts, ends] = await Promise.all([EARLIEST, LATEST].map((time) => this.#listOffsets(partitions, time)))
      return partitions.map((each) => ({ first: findOffset(firsts, each), end: findOffset(ends, each) }))
    })
  }

  produce({ topic, partition, leader }: Partition, records: readonly OutgoingRecord[]): Promise<void> {
    return wrapFailures(async () => {
      const broker = await this.#findBroker(this.#live, { topic, leader })
      const timestamp = `${Date.now()}`
      const messages = records.map(({ key, value }) => ({ key, value, timestamp }))
      await broker.produce({
        acks: -1,
        timeout: this.#timeout,
        topicData: [{ topic, partitions: [{ partition, messages }] }],
      })
    })
  }

  fetch({ leader, lane, maxWaitMs, positions }: FetchRequest): Promise<readonly FetchResult[]> {
    return wrapFailures(async () => {
      const topic = positions[0]?.topic ?? ''
      const broker = await this.#findBroker(lane === 'live' ? this.#live : this.#joining, { topic, leader })
      const requested = positions.map(({ topic, partition, next }) => ({
        topic,
        partitions: [{ partition, fetchOffset: `${next}`, maxBytes: FETCH_LIMITS.partitionBytes }],
      }))
      const { responses } = await broker.fetch({
        isolationLevel: READ_UNCOMMITTED,
        maxWaitTime: maxWaitMs,
        minBytes: 1,
        maxBytes: FETCH_LIMITS.responseBytes,
        topics: requested,
      })
      const answers: FetchResult[] = []
      for (const { topicName, partitions } of responses) {
        for (const { partition, messages } of partitions) {
          const last = messages.at(-1)
          const position = positions.find((each) => each.topic === topicName && each.partition === partition)
          if (!last || !position) continue
          // brokers return whole batches, which may begin before the requested offset
          const records = messages
            .filter(({ offset, isControlRecord }) => Number(offset) >= position.next && !isControlRecord)
            .map(({ offset, timestamp, key, value }) => ({
              offset: Number(offset),
              time: Number(timestamp),
              key: key?.toString('utf8') ?? '',
              value: value ?? Buffer.alloc(0),
            }))
          answers.push({ position, records, next: Math.max(position.next, Number(last.offset) + 1) })
        }
      }
      return answers
    })
  }

  describeCluster(): Promise<ClusterLayout> {
    return wrapFailures(async () => {
      const metadata = await this.#live.metadata({ topics: [] })
      const [first] = metadata?.brokers ?? []
      if (!metadata || !first) throw new KafkaFailure('unreachable', 'no broker is in the metadata')
      const { versions } = await this.#live.findBroker({ nodeId: `${first.nodeId}` })
      return {
        brokers: metadata.brokers,
        controller: metadata.controllerId,
        fetchVersion: versions?.[FETCH_API]?.maxVersion ?? 0,
        topics: metadata.topicMetadata.map(({ topic, partitionMetadata }) => ({
          name: topic,
          replicas: partitionMetadata.map(({ replicas }) => replicas.length),
        })),
      }
    })
  }

  topicConfig(name: string): Promise<Readonly<Record<string, string>>> {
    return wrapFailures(async () => {
      const admin = this.#createAdmin()
      try {
        await admin.connect()
        const { resources } = await admin.describeConfigs({
          resources: [{ type: TOPIC_CONFIG, name }],
          includeSynonyms: false,
        })
        const entries = resources[0]?.configEntries ?? []
        return Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue]))
      } finally {
        await admin.disconnect()
      }
    })
  }

  disconnect(broker: number): void {
    const address = this.#addresses.get(broker)
    if (address !== undefined) this.#sockets.destroyAllTo(address)
  }

  async close(): Promise<void> {
    this.#sockets.close()
    await Promise.allSettled([this.#live.disconnect(), this.#joining.disconnect()])
    // `disconnect` may have waited for a connection that was still opening
    this.#sockets.close()
  }

  #createKafka(brokers: readonly string[]): Kafka {
    const { timeout, tls, sasl } = this.#settings
    return new this.#library.Kafka({
      brokers: [...brokers],
      clientId: 'sync',
      connectionTimeout: timeout,
      authenticationTimeout: timeout,
      requestTimeout: timeout,
      enforceRequestTimeout: true,
      logLevel: this.#library.logLevel.NOTHING,
      retry: { retries: 0, initialRetryTime: 1 },
      ...(tls && { ssl: tls }),
      ...(sasl && { sasl: copySasl(sasl) }),
      socketFactory: ({ host, port, ssl, onConnect }) => this.#sockets.open({ host, port, ssl, onConnect }),
    })
  }

  /** Creates an admin client that starts with the next broker of the list. Each one tries only the first broker of its list. */
  #createAdmin(): Admin {
    const { brokers } = this.#settings
    const first = this.#adminsOpened++ % brokers.length
    return this.#createKafka([...brokers.slice(first), ...brokers.slice(0, first)]).admin()
  }

  async #findBroker(
    cluster: KafkajsCluster,
    { topic, leader }: Pick<Partition, 'topic' | 'leader'>,
  ): ReturnType<KafkajsCluster['findBroker']> {
    if (leader < 0) throw new KafkaFailure('not-leader', 'the Kafka partition has no leader')
    const node = { nodeId: `${leader}` }
    try {
      return await cluster.findBroker(node)
    } catch (error) {
      if (nameOf(error) !== 'KafkaJSBrokerNotFound') throw error
      // this cluster object has no metadata of the broker yet
      await cluster.metadata({ topics: [topic] })
      return cluster.findBroker(node)
    }
  }

  async #listOffsets(partitions: readonly Partition[], timestamp: number): Promise<readonly Offset[]> {
    const byLeader = Map.groupBy(partitions, ({ leader }) => leader)
    const answers = [...byLeader].map(async ([leader, ledPartitions]) => {
      const topic = ledPartitions[0]?.topic ?? ''
      const broker = await this.#findBroker(this.#live, { topic, leader })
      const requested = ledPartitions.map(({ partition }) => ({ partition, timestamp }))
      const { responses } = await broker.listOffsets({
        isolationLevel: READ_UNCOMMITTED,
        topics: [{ topic, partitions: requested }],
      })
      return responses.flatMap((response) => response.partitions)
    })
    return (await Promise.all(answers)).flat()
  }
}

interface Offset {
  readonly partition: number
  readonly offset: string
}

function findOffset(offsets: readonly Offset[] | undefined, { partition }: Partition): number {
  const found = offsets?.find((each) => each.partition === partition)
  if (!found) throw new KafkaFailure('not-leader', `no offset was returned for Kafka partition ${partition}`)
  return Number(found.offset)
}

async function wrapFailures<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw toFailure(error)
  }
}

/** The properties of kafkajs errors: an error may wrap others, and has the Kafka name of a protocol error as `type`. */
interface KafkajsError {
  readonly name?: string
  readonly type?: string
  readonly errors?: readonly unknown[]
}

const nameOf = (error: unknown): string | undefined => (error as KafkajsError).name
const typeOf = (error: unknown): string | undefined => (error as KafkajsError).type

function toFailure(error: unknown): KafkaFailure {
  if (error instanceof KafkaFailure) return error
  const { name, type, errors } = error as KafkajsError
  if (errors?.[0] !== undefined) return toFailure(errors[0])
  if (type !== undefined) return new KafkaFailure(failureKindOf(type), error)
  if (name === 'KafkaJSSASLAuthenticationError') return new KafkaFailure('rejected', error)
  return new KafkaFailure(name === 'KafkaJSBrokerNotFound' ? 'not-leader' : 'unreachable', error)
}
