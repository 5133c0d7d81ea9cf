import { startKafka, startNats, startRedis } from '@sync/brokers'
import { type MigrationResult, migrate } from './migrate.ts'

/** A move between brokers that are started for it. */
export interface MigrationScenario {
  readonly name: string
  run(): Promise<MigrationResult>
}

/** From one Redis that is store and bus, which publishes inside the commits, to Kafka. */
export const pubSubToKafka: MigrationScenario = {
  name: 'Redis Pub/Sub → Kafka',
  async run() {
    await using redis = await startRedis()
    await using kafka = await startKafka()
    // a Kafka broker that has just started is slow: another fleet warms it up
    await using warmUpStore = await startRedis()
    await migrate({ store: warmUpStore.url, from: warmUpStore.url, to: kafka.url })
    return await migrate({ store: redis.url, from: redis.url, to: kafka.url })
  },
}

/** From NATS to Redis Streams. The NATS server is stopped before the end. */
export const natsToStreams: MigrationScenario = {
  name: 'NATS → Redis Streams',
  async run() {
    await using redis = await startRedis()
    await using nats = await startNats()
    const to = `${redis.url}?transport=streams`
    return await migrate({ store: redis.url, from: nats.url, to, stopOldBus: () => nats.kill() })
  },
}
