import { canTest, type RedisServer, startRedis } from '@sync/brokers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningExample } from './run-example.ts'

const able = await canTest('examples/two-services-redis', { broker: 'redis', controllable: true })

describe.runIf(able)('examples/two-services-redis', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis[Symbol.asyncDispose]())

  it('shows each price to the shop, also after Redis was killed and restarted', async () => {
    const env = { REDIS_URL: redis.url }
    await using shop = new RunningExample('two-services-redis', 'shop', { env })
    await using prices = new RunningExample('two-services-redis', 'prices', { env })

    await shop.until(/^changed: desk costs 34901$/m)
    await shop.until(/^basket: 4470\d$/m) // two lamps and a desk

    await redis.kill()
    await shop.until(/^Redis is unavailable/m)
    await redis.restart()
    await shop.until(/^Redis is available again$/m)
    const [, article, cents] = await prices.until(/^(\w+) raised to (\d+)$/m, { from: 'now' })
    await shop.until(new RegExp(`^\\w+: ${article} costs ${cents}$`, 'm'))

    expect(await prices.stop()).toBe(0)
    expect(await shop.stop()).toBe(0)
  })

  it('shows the prices that exist already to a shop that starts later', async () => {
    await using shop = new RunningExample('two-services-redis', 'shop', { env: { REDIS_URL: redis.url } })
    await shop.until(/^reset: chair costs 129\d\d$/m)
    expect(await shop.stop()).toBe(0)
  })
})
