import { type Admin, Kafka, logLevel, type SASLOptions } from 'kafkajs'
import type { KafkaSasl } from '../options.ts'
import {
  type Bounds,
  type KafkaClient,
  KafkaFailure,
  kindOf,
  type OutgoingRecord,
  type Partition,
  type ReadAnswer,
  type ReadRequest,
  type TopicSettings,
} from './client.ts'
import { clusterOf, type KafkajsCluster } from './kafkajs-parts.ts'
import { LIMITS } from './limits.ts'
import type { ClientSettings } from './settings.ts'
import { Sockets } from './sockets.ts'

/** What is committed or not does not matter: nothing here is written in transactions. */
const READ_UNCOMMITTED = 0
const [LATEST, EARLIEST] = [-1, -2] as const

/** kafkajs keeps what it authenticates with in the object that it is given: never somebody else's, nor what another left in it. */
const ownSasl = ({ mechanism, username, password }: KafkaSasl): SASLOptions =>
  ({ mechanism, username, password }) as SASLOptions

/** Kafka by kafkajs. Retries, metadata and groups are left out: only what is below them is used. */
export class KafkajsClient implements KafkaClient {
  readonly #timeout: number
  readonly #sockets = new Sockets()
  readonly #settings: ClientSettings
  readonly #live: KafkajsCluster
  readonly #joining: KafkajsCluster
  readonly #addresses = new Map<number, string>()

  #admins = 0

  constructor(settings: ClientSettings) {
    this.#settings = settings
    this.#timeout = settings.timeout
    const kafka = this.#open(settings.brokers)
    this.#live = clusterOf(kafka)
    this.#joining = clusterOf(kafka)
  }

  topic(name: string): Promise<readonly Partition[] | undefined> {
    return attempt(async () => {
      try {
        const metadata = await this.#live.metadata({ topics: [name] })
        const found = metadata?.topicMetadata.find(({ topic }) => topic === name)
        if (!metadata || !found) throw new KafkaFailure('away', 'no broker told of the topic')
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
    return attempt(async () => {
      const admin = this.#admin()
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

  bounds(partitions: readonly Partition[]): Promise<readonly Bounds[]> {
    return attempt(async () => {
      const [firsts, ends] = await Promise.all([EARLIEST, LATEST].map((time) => this.#offsets(partitions, time)))
      return partitions.map((each) => ({ first: offsetIn(firsts, each), end: offsetIn(ends, each) }))
    })
  }

  write({ topic, partition, leader }: Partition, records: readonly OutgoingRecord[]): Promise<void> {
    return attempt(async () => {
      const broker = await this.#broker(this.#live, { topic, leader })
      const timestamp = `${Date.now()}`
      const messages = records.map(({ key, value }) => ({ key, value, timestamp }))
      await broker.produce({
        acks: -1,
        timeout: this.#timeout,
        topicData: [{ topic, partitions: [{ partition, messages }] }],
      })
    })
  }

  read({ leader, lane, wait, points }: ReadRequest): Promise<readonly ReadAnswer[]> {
    return attempt(async () => {
      const topic = points[0]?.topic ?? ''
      const broker = await this.#broker(lane === 'live' ? this.#live : this.#joining, { topic, leader })
      const asked = points.map(({ topic, partition, next }) => ({
        topic,
        partitions: [{ partition, fetchOffset: `${next}`, maxBytes: LIMITS.partitionBytes }],
      }))
      const { responses } = await broker.fetch({
        isolationLevel: READ_UNCOMMITTED,
        maxWaitTime: wait,
        minBytes: 1,
        maxBytes: LIMITS.answerBytes,
        topics: asked,
      })
      const answers: ReadAnswer[] = []
      for (const { topicName, partitions } of responses) {
        for (const { partition, messages } of partitions) {
          const last = messages.at(-1)
          const point = points.find((each) => each.topic === topicName && each.partition === partition)
          if (!last || !point) continue
          // a batch comes whole, also what stands in it before the offset that was asked for
          const records = messages
            .filter(({ offset, isControlRecord }) => Number(offset) >= point.next && !isControlRecord)
            .map(({ offset, timestamp, key, value }) => ({
              offset: Number(offset),
              time: Number(timestamp),
              key: key?.toString('utf8') ?? '',
              value: value ?? Buffer.alloc(0),
            }))
          answers.push({ point, records, next: Math.max(point.next, Number(last.offset) + 1) })
        }
      }
      return answers
    })
  }

  drop(broker: number): void {
    const address = this.#addresses.get(broker)
    if (address !== undefined) this.#sockets.drop(address)
  }

  async close(): Promise<void> {
    this.#sockets.close()
    await Promise.allSettled([this.#live.disconnect(), this.#joining.disconnect()])
    // disconnecting may have waited for a connection that was still being made
    this.#sockets.close()
  }

  #open(brokers: readonly string[]): Kafka {
    const { timeout, tls, sasl } = this.#settings
    return new Kafka({
      brokers: [...brokers],
      clientId: 'sync',
      connectionTimeout: timeout,
      authenticationTimeout: timeout,
      requestTimeout: timeout,
      enforceRequestTimeout: true,
      logLevel: logLevel.NOTHING,
      retry: { retries: 0, initialRetryTime: 1 },
      ...(tls && { ssl: tls }),
      ...(sasl && { sasl: ownSasl(sasl) }),
      socketFactory: ({ host, port, ssl, onConnect }) => this.#sockets.open({ host, port, ssl, onConnect }),
    })
  }

  /** Each begins with the next broker: a new one would always try the first, and no other. */
  #admin(): Admin {
    const { brokers } = this.#settings
    const first = this.#admins++ % brokers.length
    return this.#open([...brokers.slice(first), ...brokers.slice(0, first)]).admin()
  }

  async #broker(
    cluster: KafkajsCluster,
    { topic, leader }: Pick<Partition, 'topic' | 'leader'>,
  ): ReturnType<KafkajsCluster['findBroker']> {
    if (leader < 0) throw new KafkaFailure('moved', 'nobody leads the partition')
    const node = { nodeId: `${leader}` }
    try {
      return await cluster.findBroker(node)
    } catch (error) {
      if (nameOf(error) !== 'KafkaJSBrokerNotFound') throw error
      // this cluster has not been told of that broker yet
      await cluster.metadata({ topics: [topic] })
      return cluster.findBroker(node)
    }
  }

  async #offsets(partitions: readonly Partition[], timestamp: number): Promise<readonly Offset[]> {
    const byLeader = Map.groupBy(partitions, ({ leader }) => leader)
    const answers = [...byLeader].map(async ([leader, led]) => {
      const topic = led[0]?.topic ?? ''
      const broker = await this.#broker(this.#live, { topic, leader })
      const asked = led.map(({ partition }) => ({ partition, timestamp }))
      const { responses } = await broker.listOffsets({
        isolationLevel: READ_UNCOMMITTED,
        topics: [{ topic, partitions: asked }],
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

function offsetIn(offsets: readonly Offset[] | undefined, { partition }: Partition): number {
  const found = offsets?.find((each) => each.partition === partition)
  if (!found) throw new KafkaFailure('moved', `no offset was told of partition ${partition}`)
  return Number(found.offset)
}

async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw failureOf(error)
  }
}

/** What kafkajs puts around an error, and in it. */
interface KafkajsError {
  readonly name?: string
  readonly type?: string
  readonly errors?: readonly unknown[]
}

const nameOf = (error: unknown): string | undefined => (error as KafkajsError).name
const typeOf = (error: unknown): string | undefined => (error as KafkajsError).type

function failureOf(error: unknown): KafkaFailure {
  if (error instanceof KafkaFailure) return error
  const { name, type, errors } = error as KafkajsError
  if (errors?.[0] !== undefined) return failureOf(errors[0])
  if (type !== undefined) return new KafkaFailure(kindOf(type), error)
  if (name === 'KafkaJSSASLAuthenticationError') return new KafkaFailure('refused', error)
  return new KafkaFailure(name === 'KafkaJSBrokerNotFound' ? 'moved' : 'away', error)
}
