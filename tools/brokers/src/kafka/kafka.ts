import { ExternalServerError, externalServerControls } from '../process/controls.ts'
import { retryOnPortConflict } from '../process/free-ports.ts'
import { addressOf, freePorts, type KafkaServer, startKafkaBroker } from './broker.ts'
import { withClassArchive } from './class-archive.ts'
import { externalKafkaUrl, findKafka, type KafkaRelease } from './find-kafka.ts'
import { type KafkaConnectionOptions, probeTopic, withKafkaAdmin } from './probe.ts'
import type { Properties } from './properties.ts'

/** Options of a Kafka broker. */
export interface KafkaOptions {
  /** Kafka version to start. @default 'newest' */
  readonly release?: KafkaRelease
  /**
   * Broker properties, added to the defaults. The listener for clients is named `CLIENT`.
   * By default the broker does not create topics automatically, and consumer groups form without a delay.
   */
  readonly config?: Properties
  /** Connection options that `config` requires of clients. */
  readonly connection?: KafkaConnectionOptions
}

/**
 * Starts a Kafka broker on free ports of the loopback interface. Resolves when a topic could be created, written to and
 * described. If `SYNC_TEST_KAFKA_URL` is set, it returns that broker unchanged, and its fault controls reject with an
 * `ExternalServerError`.
 * @throws UnavailableError if no source has Kafka
 */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const { release = 'newest', config = {}, connection = {} } = options
  const externalUrl = externalKafkaUrl(release)
  if (externalUrl !== undefined) return externalServer(externalUrl, connection)
  const program = await withClassArchive(await findKafka(release))
  return retryOnPortConflict(async () => {
    const ports = await freePorts()
    const ready = (): Promise<void> => probeTopic({ addresses: [addressOf(ports)], connection }, 1)
    return startKafkaBroker({ placement: { nodeId: 1, ports: [ports] }, program, config, ready })
  })
}

async function externalServer(url: string, connection: KafkaConnectionOptions): Promise<KafkaServer> {
  const { host, hostname, port } = new URL(url)
  const { brokers } = await withKafkaAdmin({ addresses: [host], connection }, (admin) => admin.describeCluster())
  return {
    ...externalServerControls(url),
    url,
    address: host,
    port: Number(port),
    version: 'unknown',
    source: `from the environment, at ${hostname}`,
    nodeId: brokers[0]?.nodeId ?? 0,
    startProxy: () => Promise.reject(new ExternalServerError(url)),
    truncateLog: () => Promise.reject(new ExternalServerError(url)),
    async [Symbol.asyncDispose]() {},
  }
}
