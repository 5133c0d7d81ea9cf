import { startKafka, startNats, startRedis } from '@sync/brokers'
import { type Moved, move } from './move.ts'

/** A move on brokers that are started for it. */
export interface Journey {
  readonly name: string
  run(): Promise<Moved>
}

/** Store and bus are one Redis before: changes go out within their commits. */
export const pubSubToKafka: Journey = {
  name: 'Redis Pub/Sub → Kafka',
  async run() {
    await using redis = await startRedis()
    await using kafka = await startKafka()
    // a Kafka that has just begun is slow for a reason of its own: another fleet goes first
    await using earlier = await startRedis()
    await move({ store: earlier.url, from: earlier.url, to: kafka.url })
    return await move({ store: redis.url, from: redis.url, to: kafka.url })
  },
}

/** What carried the old bus is gone before the end. */
export const natsToStreams: Journey = {
  name: 'NATS → Redis Streams',
  async run() {
    await using redis = await startRedis()
    await using nats = await startNats()
    const to = `${redis.url}?bus=streams`
    return await move({ store: redis.url, from: nats.url, to, retire: () => nats.kill() })
  },
}
