import { startKafka, startNats, startRedis } from '@sync/brokers'
import { type MigrationResult, migrate } from './migrate.ts'

/** A move on brokers that are started for it. */
export interface MigrationScenario {
  readonly name: string
  run(): Promise<MigrationResult>
}

/** Store and bus are one Redis before: changes go out within their commits. */
export const pubSubToKafka: MigrationScenario = {
  name: 'Redis Pub/Sub → Kafka',
  async run() {
    await using redis = await startRedis()
    await using kafka = await startKafka()
    // a Kafka that has just begun is slow for a reason of its own: another fleet goes first
    await using warmUpStore = await startRedis()
    await migrate({ store: warmUpStore.url, from: warmUpStore.url, to: kafka.url })
    return await migrate({ store: redis.url, from: redis.url, to: kafka.url })
  },
}

/** What carried the old bus is gone before the end. */
export const natsToStreams: MigrationScenario = {
  name: 'NATS → Redis Streams',
  async run() {
    await using redis = await startRedis()
    await using nats = await startNats()
    const to = `${redis.url}?transport=streams`
    return await migrate({ store: redis.url, from: nats.url, to, stopOldBus: () => nats.kill() })
  },
}
