import { retryOnPortConflict, startAllOrNone } from '../process/free-ports.ts'
import { waitFor } from '../process/wait-for.ts'
import { addressOf, freePorts, type KafkaServer, startKafkaBroker } from './broker.ts'
import { withClassArchive } from './class-archive.ts'
import { findKafka } from './find-kafka.ts'
import type { KafkaOptions } from './kafka.ts'
import { type Destination, type KafkaConnectionOptions, probeTopic, withKafkaAdmin } from './probe.ts'

/** What kind of Kafka cluster. */
export interface KafkaClusterOptions extends KafkaOptions {
  /** How many brokers; each is a controller too. @default 3 */
  readonly size?: number
}

/** One partition of a topic. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** Kafka brokers in KRaft mode that form a cluster. Every one has the hooks of a single broker. */
export interface KafkaCluster extends AsyncDisposable {
  readonly urls: readonly string[]
  readonly addresses: readonly string[]
  readonly nodes: readonly KafkaServer[]
  readonly version: string
  /** The running broker that leads a partition now. */
  leaderOf(topicPartition: TopicPartition): Promise<KafkaServer>
  /** Resolves when a topic with a copy on each running broker can be made, written to and described. */
  waitUntilStable(): Promise<void>
}

/** Starts a cluster on free ports of the loopback interface. Throws an `UnavailableError` if there is no Kafka. */
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

/** Throws unless it knows the cluster's brokers. */
async function assertIsMember(destination: Destination): Promise<void> {
  const { brokers } = await withKafkaAdmin(destination, (admin) => admin.describeCluster())
  if (brokers.length === 0) throw new Error('it knows of no broker yet')
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
      { what: `a running broker leads ${topic}/${partition}`, interval: 50 },
    )
  }

  async waitUntilStable(): Promise<void> {
    const attempt = async (): Promise<true> => {
      await probeTopic(this.#destination(), this.#running.length)
      return true
    }
    const what = `a topic with ${this.#running.length} copies can be made`
    await waitFor(attempt, { what, timeout: 60_000, interval: 100 })
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
