import { startKafka, startNats, startProxy, type TcpProxy } from '@sync/brokers'
import { kafkaBus } from '@sync/kafka'
import { natsBus } from '@sync/nats'
import { bareJetStream } from './bare/jetstream.ts'
import { bareKafkajs } from './bare/kafkajs.ts'
import { bareNats } from './bare/nats.ts'
import { barePlatformatic } from './bare/platformatic.ts'
import type { OpenBusUnderTest } from './bus-under-test.ts'
import { openOwnBus } from './ours.ts'

/** The broker that both sides connect to. */
interface TestBroker extends AsyncDisposable {
  readonly url: string
  /** Proxy in front of the broker, which counts the bytes that pass. */
  readonly proxy: TcpProxy
}

/** A bus of `@sync` and the same broker's bare client, to be compared. */
export interface Subjects {
  readonly name: string
  readonly start: () => Promise<TestBroker>
  readonly ours: OpenBusUnderTest
  readonly bare: OpenBusUnderTest
}

const startNatsBroker = async (): Promise<TestBroker> => {
  const nats = await startNats()
  return testBroker(nats, await startProxy({ target: nats.url }))
}

const startKafkaBroker = async (): Promise<TestBroker> => {
  const kafka = await startKafka()
  return testBroker(kafka, await kafka.startProxy())
}

const testBroker = (server: AsyncDisposable & { readonly url: string }, proxy: TcpProxy): TestBroker => ({
  url: server.url,
  proxy,
  async [Symbol.asyncDispose]() {
    await proxy[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  },
})

/** All of `@sync`'s buses use their default settings. */
export const natsCore: Subjects = {
  name: 'NATS core',
  start: startNatsBroker,
  ours: openOwnBus((url) => natsBus(url)),
  bare: bareNats,
}

export const jetStream: Subjects = {
  name: 'JetStream',
  start: startNatsBroker,
  ours: openOwnBus((url) => natsBus(url, { transport: 'jetstream' })),
  bare: bareJetStream,
}

export const kafkajs: Subjects = {
  name: 'Kafka with kafkajs',
  start: startKafkaBroker,
  ours: openOwnBus((url) => kafkaBus(url)),
  bare: bareKafkajs,
}

export const platformatic: Subjects = {
  name: 'Kafka with @platformatic/kafka',
  start: startKafkaBroker,
  ours: openOwnBus((url) => kafkaBus(url, { client: 'platformatic' })),
  bare: barePlatformatic,
}
