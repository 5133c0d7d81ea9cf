import { canTest, type RedisServer, startRedis } from '@sync/brokers'
import { createInstance, defineCollection, memoryBus } from '@sync/core'
import { redisStore } from '@sync/redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

describe.runIf(await canTest('the store on Redis', { broker: 'redis' }))('the store on Redis', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis[Symbol.asyncDispose]())

  it('keeps documents', async () => {
    const docs = defineCollection<{ n: number; tags?: string[] }>({ section: 'doc', ttl: 'never' })
    await using a = createInstance({ store: redisStore(redis.url), bus: memoryBus() })
    await using b = createInstance({ store: redisStore(redis.url), bus: memoryBus() })
    const [x, y] = [a, b].map((each) => each.collection(docs, { partition: 'p' }))
    await x?.create('k', { n: 1, tags: [] })
    await x?.update('k', (doc) => {
      doc.n++
    })
    expect(await y?.get('k')).toEqual({ n: 2, tags: [] })
  })

  it.each(['ioredis', 'redis'] as const)(
    'keeps a document of 100,000 fields, over %s',
    async (client) => {
      const docs = defineCollection<Record<string, number>>({ section: 'wide', ttl: 'never' })
      const value = Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`f${n}`, n]))
      await using a = createInstance({ store: redisStore(redis.url, { client }), bus: memoryBus() })
      await using b = createInstance({ store: redisStore(redis.url, { client }), bus: memoryBus() })
      await a.collection(docs, { partition: 'p' }).assign(client, value)
      expect(await b.collection(docs, { partition: 'p' }).get(client)).toEqual(value)
    },
    20_000,
  )

  it('keeps fields that are called like what it notes beside them', async () => {
    const docs = defineCollection<Record<string, number>>({ section: 'named', ttl: 'never' })
    const value = {
      VersionId: 1,
      'VersionId:latest': 2,
      'VersionId:latest:latest': 3,
      'VersionId:': 4,
      latest: 5,
      '': 6,
    }
    await using a = createInstance({ store: redisStore(redis.url), bus: memoryBus() })
    await using b = createInstance({ store: redisStore(redis.url), bus: memoryBus() })
    await a.collection(docs, { partition: 'p' }).assign('k', value)
    expect(await b.collection(docs, { partition: 'p' }).get('k')).toEqual(value)
    await b.collection(docs, { partition: 'p' }).set('k', { 'VersionId:latest': 7 })
    await using c = createInstance({ store: redisStore(redis.url), bus: memoryBus() })
    expect(await c.collection(docs, { partition: 'p' }).get('k')).toEqual({ 'VersionId:latest': 7 })
  })
})
