import { canTest, startNats, startRedis } from '@sync/brokers'
import { connect, openBus } from '@sync/config'
import { defineCollection } from '@sync/core'
import { redisRelay } from '@sync/redis'
import { describe, expect, it, vi } from 'vitest'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })
const available =
  (await canTest('Redis and NATS', { broker: 'redis' })) && (await canTest('Redis and NATS', { broker: 'nats' }))

describe.runIf(available)('redisRelay() with a bus from a URL', () => {
  it('publishes changes stored in Redis over NATS', async () => {
    await using redis = await startRedis()
    await using nats = await startNats()
    const [store, bus] = [`${redis.url}?publish=outbox`, nats.url]
    await using writer = await connect({ store, bus })
    await using reader = await connect({ store, bus, checkInterval: '1h' })
    const [source, copy] = [writer, reader].map((instance) => instance.collection(docs, { partition: 'p' }))
    await copy?.get('k')
    await source?.assign('k', { n: 1 })
    await using relayBus = await openBus(bus)
    await using relay = redisRelay(store, { bus: relayBus })
    for (let n = 2; n <= 20; n++) await source?.assign('k', { n })
    await vi.waitFor(() => expect(copy?.peek('k')).toEqual({ n: 20 }), { timeout: 20_000, interval: 1 })
    await vi.waitFor(async () => expect(await relay.backlog()).toEqual({ sections: 0 }), { timeout: 20_000 })
  }, 30_000)
})
