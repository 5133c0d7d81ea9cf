import { retryOnPortConflict, startAllOrNone } from '../process/free-ports.ts'
import { waitFor } from '../process/wait-for.ts'
import { addressOf, freePorts, type KafkaServer, startKafkaBroker } from './broker.ts'
import { withClassArchive } from './class-archive.ts'
import { findKafka } from './find-kafka.ts'
import type { KafkaOptions } from './kafka.ts'
import { type Destination, type KafkaConnectionOptions, probeTopic, withKafkaAdmin } from './probe.ts'

/** Options of a Kafka cluster. */
export interface KafkaClusterOptions extends KafkaOptions {
  /** Number of brokers. Each is also a controller. @default 3 */
  readonly size?: number
}

/** One partition of a topic. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** A cluster of Kafka brokers in KRaft mode. Each node has the fault controls of a single broker. */
export interface KafkaCluster extends AsyncDisposable {
  readonly urls: readonly string[]
  readonly addresses: readonly string[]
  readonly nodes: readonly KafkaServer[]
  readonly version: string
  /** Waits until a running broker leads the partition, and returns that broker. */
  leaderOf(topicPartition: TopicPartition): Promise<KafkaServer>
  /** Resolves when a topic with a copy on each running broker can be created, written to and described. */
  waitUntilStable(): Promise<void>
}

/**
 * Starts a cluster on free ports of the loopback interface.
 * @throws UnavailableError if no source has Kafka
 */
export async function startKafkaCluster(options: KafkaClusterOptions = {}): Promise<KafkaCluster> {
  const { release = 'newest', size = 3, config = {}, connection = {} } = options
  const program = await withClassArchive(await findKafka(release))
  const nodes = await retryOnPortConflict(async () => {
    const ports = await Promise.all(Array.from({ length: size }, freePorts))
    return startAllOrNone(
      ports.map((ownPorts, index) => () => {
        const ready = (): Promise<void> => assertIsMember({ addresses: [addressOf(ownPorts)], connection })
        return startKafkaBroker({ placement: { nodeId: index + 1, ports }, program, config, ready })
      }),
    )
  })
  const cluster = new LoopbackCluster(nodes, connection)
  await cluster.waitUntilStable()
  return cluster
}

/** Throws unless the broker has joined the cluster. */
async function assertIsMember(destination: Destination): Promise<void> {
  const { brokers } = await withKafkaAdmin(destination, (admin) => admin.describeCluster())
  if (brokers.length === 0) throw new Error(`${destination.addresses}: expected a joined broker, got an empty cluster`)
}

class LoopbackCluster implements KafkaCluster {
  readonly nodes: readonly KafkaServer[]
  readonly #connection: KafkaConnectionOptions

  constructor(nodes: readonly KafkaServer[], connection: KafkaConnectionOptions) {
    this.nodes = nodes
    this.#connection = connection
  }

  get urls(): string[] {
    return this.nodes.map(({ url }) => url)
  }

  get addresses(): string[] {
    return this.nodes.map(({ address }) => address)
  }

  get version(): string {
    return this.nodes[0]?.version ?? 'unknown'
  }

  leaderOf({ topic, partition }: TopicPartition): Promise<KafkaServer> {
    return waitFor(
      async () => {
        const { topics } = await withKafkaAdmin(this.#destination(), (admin) =>
          admin.fetchTopicMetadata({ topics: [topic] }),
        )
        const leader = topics[0]?.partitions.find(({ partitionId }) => partitionId === partition)?.leader
        return this.#running.find(({ nodeId }) => nodeId === leader) ?? false
      },
      { condition: `a running broker leads ${topic}/${partition}`, interval: 50 },
    )
  }

  async waitUntilStable(): Promise<void> {
    const attempt = async (): Promise<true> => {
      await probeTopic(this.#destination(), this.#running.length)
      return true
    }
    const condition = `a topic with ${this.#running.length} copies can be created`
    await waitFor(attempt, { condition, timeout: 60_000, interval: 100 })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()))
  }

  get #running(): KafkaServer[] {
    return this.nodes.filter(({ running }) => running)
  }

  #destination(): Destination {
    return { addresses: this.#running.map(({ address }) => address), connection: this.#connection }
  }
}
