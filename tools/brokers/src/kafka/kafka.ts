import { hooksOfOthers, NotOursError } from '../process/hooks.ts'
import { onFreePorts } from '../process/start.ts'
import { addressOf, freePorts, type KafkaServer, startKafkaOn } from './broker.ts'
import { withClassArchive } from './class-archive.ts'
import { findKafka, givenKafkaUrl, type KafkaRelease } from './find-kafka.ts'
import { askKafka, type KafkaConnectionOptions, probeTopic } from './probe.ts'
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
  const given = givenKafkaUrl(release)
  if (given !== undefined) return givenServer(given, connection)
  const program = await withClassArchive(await findKafka(release))
  return onFreePorts(async () => {
    const ports = await freePorts()
    const ready = (): Promise<void> => probeTopic({ addresses: [addressOf(ports)], connection }, 1)
    return startKafkaOn({ place: { nodeId: 1, all: [ports] }, program, config, ready })
  })
}

async function givenServer(url: string, connection: KafkaConnectionOptions): Promise<KafkaServer> {
  const { host, hostname, port } = new URL(url)
  const { brokers } = await askKafka({ addresses: [host], connection }, (admin) => admin.describeCluster())
  return {
    ...hooksOfOthers(url),
    url,
    address: host,
    port: Number(port),
    version: 'unknown',
    source: `given by the environment, at ${hostname}`,
    nodeId: brokers[0]?.nodeId ?? 0,
    startProxy: () => Promise.reject(new NotOursError(url)),
    cutLog: () => Promise.reject(new NotOursError(url)),
    async [Symbol.asyncDispose]() {},
  }
}
