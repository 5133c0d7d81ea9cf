import { canTest, type NatsServer, type RedisServer, startNats, startRedis } from '@sync/brokers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningExample } from './run-example.ts'

const able = await canTest('examples/nats', { broker: 'nats', controllable: true })
const ableRedis = able && (await canTest('examples/nats with Redis as the store', { broker: 'redis' }))

describe.runIf(able)('examples/nats', () => {
  let nats: NatsServer
  beforeAll(async () => {
    nats = await startNats()
  })
  afterAll(() => nats[Symbol.asyncDispose]())

  it.for([
    ['plain subjects', ''],
    ['JetStream', '?transport=jetstream'],
  ])('shows each of two workers in one process what the other reports, over %s', async ([, query]) => {
    await using both = new RunningExample('nats', 'start', { env: { NATS_URL: nats.url + query } })
    await both.until(/^ada: bus connected$/m)
    await both.until(/^ada: bob has \d+ jobs, [\d.]+ ms after its commit$/m)
    await both.until(/^bob: ada has \d+ jobs, [\d.]+ ms after its commit$/m)
    expect(await both.stop()).toBe(0)
    // The workers would also find the reports without the bus: only these lines show that it delivered them.
    expect(both.output).toMatch(/^ada: [1-9]\d* bytes from the bus$/m)
    expect(both.output).not.toContain('not published')
    expect(both.output).toMatch(/^ada: [1-9]\d* changes by others, \d+ gaps, median [\d.]+ ms$/m)
  })

  it('shows the reports also while NATS is stopped', async () => {
    await using both = new RunningExample('nats', 'start', { env: { NATS_URL: nats.url } })
    await both.until(/^ada: bob has/m)
    await nats.kill()
    await both.until(/^ada: bus interrupted$/m)
    // One report may still be on its way to the output; four are not.
    await both.until(/(?:^(?:ada: bob|bob: ada) has .*\n){4}/m, { from: 'now' })
    await nats.restart()
    await both.until(/^ada: bus resumed$/m)
    expect(await both.stop()).toBe(0)
  })

  describe.runIf(ableRedis)('with Redis as the store', () => {
    let redis: RedisServer
    beforeAll(async () => {
      redis = await startRedis()
    })
    afterAll(() => redis[Symbol.asyncDispose]())

    it('shows the same across two processes, and drops a worker that has ended', async () => {
      const env = { STORE_URL: redis.url, NATS_URL: nats.url }
      await using ada = new RunningExample('nats', 'start', { args: ['ada'], env })
      await using bob = new RunningExample('nats', 'start', { args: ['bob'], env })
      await ada.until(/^ada: bob has \d+ jobs/m)
      await bob.until(/^bob: ada has \d+ jobs/m)
      expect(await bob.stop()).toBe(0)
      await ada.until(/^ada: bob is gone$/m) // its entry expires
      expect(await ada.stop()).toBe(0)
    })
  })
})
