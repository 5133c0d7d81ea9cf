import { ExternalServerError, externalServerControls } from '../process/controls.ts'
import { retryOnPortConflict } from '../process/free-ports.ts'
import { addressOf, freePorts, type KafkaServer, startKafkaBroker } from './broker.ts'
import { withClassArchive } from './class-archive.ts'
import { externalKafkaUrl, findKafka, type KafkaRelease } from './find-kafka.ts'
import { type KafkaConnectionOptions, probeTopic, withKafkaAdmin } from './probe.ts'
import type { Properties } from './properties.ts'

/** What kind of Kafka. */
export interface KafkaOptions {
  /** @default 'newest' */
  readonly release?: KafkaRelease
  /**
   * Properties of the broker. Its listener for clients is called `CLIENT`.
   * Without: topics are not made by themselves, and groups form at once.
   */
  readonly config?: Properties
  /** What the configuration asks of clients. */
  readonly connection?: KafkaConnectionOptions
}

/**
 * Starts a Kafka broker on free ports of the loopback interface; it is ready when a topic was made, written to and described.
 * Where the environment gives a URL it is that broker, as it is: its hooks reject with a `NotOursError`.
 * Throws an `UnavailableError` if there is none.
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
    source: `given by the environment, at ${hostname}`,
    nodeId: brokers[0]?.nodeId ?? 0,
    startProxy: () => Promise.reject(new ExternalServerError(url)),
    truncateLog: () => Promise.reject(new ExternalServerError(url)),
    async [Symbol.asyncDispose]() {},
  }
}
