import { canTest, type KafkaServer, type RedisServer, startKafka, startRedis } from '@sync/brokers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningExample } from './run-example.ts'

const able = await canTest('examples/kafka', { broker: 'kafka' })
const ableRedis = able && (await canTest('examples/kafka with Redis as the store', { broker: 'redis' }))

describe.runIf(able)('examples/kafka', () => {
  let kafka: KafkaServer
  beforeAll(async () => {
    kafka = await startKafka()
  })
  afterAll(() => kafka[Symbol.asyncDispose]())

  it('shows each of two workers in one process what the other reports, over Kafka', async () => {
    await using both = new RunningExample('kafka', 'start', { env: { KAFKA_URL: kafka.url } })
    await both.until(/^ada: bus connected$/m)
    await both.until(/^ada: bob has \d+ jobs, [\d.]+ ms after its commit$/m)
    await both.until(/^bob: ada has \d+ jobs, [\d.]+ ms after its commit$/m)
    expect(await both.stop()).toBe(0)
    // The workers would also find the reports without the bus: only these lines show that it delivered them.
    expect(both.output).toMatch(/^ada: [1-9]\d* bytes from the bus$/m)
    expect(both.output).not.toContain('not published')
    expect(both.output).toMatch(/^ada: [1-9]\d* changes by others, \d+ gaps, median [\d.]+ ms$/m)
  })

  describe.runIf(ableRedis)('with Redis as the store', () => {
    let redis: RedisServer
    beforeAll(async () => {
      redis = await startRedis()
    })
    afterAll(() => redis[Symbol.asyncDispose]())

    it('shows the same across two processes', async () => {
      const env = { STORE_URL: redis.url, KAFKA_URL: kafka.url }
      await using ada = new RunningExample('kafka', 'start', { args: ['ada'], env })
      await using bob = new RunningExample('kafka', 'start', { args: ['bob'], env })
      await ada.until(/^ada: bob has \d+ jobs/m)
      await bob.until(/^bob: ada has \d+ jobs/m)
      expect(await bob.stop()).toBe(0)
      expect(await ada.stop()).toBe(0)
    })
  })
})
