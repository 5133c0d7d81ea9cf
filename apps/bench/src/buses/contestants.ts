import { startKafka, startNats, startProxy, type TcpProxy } from '@sync/brokers'
import { kafkaBus } from '@sync/kafka'
import { natsBus } from '@sync/nats'
import { bareJetStream } from './bare/jetstream.ts'
import { bareKafkajs } from './bare/kafkajs.ts'
import { bareNats } from './bare/nats.ts'
import { barePlatformatic } from './bare/platformatic.ts'
import { openOurs } from './ours.ts'
import type { OpenSide } from './side.ts'

/** The broker that both sides use. */
interface Ground extends AsyncDisposable {
  readonly url: string
  /** A way to it on which what goes by can be counted. */
  readonly proxy: TcpProxy
}

/** A bus of ours, and its client as a program uses it that knows nothing of ours. */
export interface Contestants {
  readonly name: string
  readonly start: () => Promise<Ground>
  readonly ours: OpenSide
  readonly bare: OpenSide
}

const onNats = async (): Promise<Ground> => {
  const nats = await startNats()
  return ground(nats, await startProxy({ target: nats.url }))
}

const onKafka = async (): Promise<Ground> => {
  const kafka = await startKafka()
  return ground(kafka, await kafka.startProxy())
}

const ground = (server: AsyncDisposable & { readonly url: string }, proxy: TcpProxy): Ground => ({
  url: server.url,
  proxy,
  async [Symbol.asyncDispose]() {
    await proxy[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  },
})

/** Our settings are those that a bus has by itself. */
export const natsCore: Contestants = {
  name: 'NATS core',
  start: onNats,
  ours: openOurs((url) => natsBus(url)),
  bare: bareNats,
}

export const jetStream: Contestants = {
  name: 'JetStream',
  start: onNats,
  ours: openOurs((url) => natsBus(url, { bus: 'jetstream' })),
  bare: bareJetStream,
}

export const kafkajs: Contestants = {
  name: 'Kafka by kafkajs',
  start: onKafka,
  ours: openOurs((url) => kafkaBus(url)),
  bare: bareKafkajs,
}

export const platformatic: Contestants = {
  name: 'Kafka by @platformatic/kafka',
  start: onKafka,
  ours: openOurs((url) => kafkaBus(url, { client: 'platformatic' })),
  bare: barePlatformatic,
}
