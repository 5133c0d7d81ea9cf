import { canTest, type RedisServer, startRedis } from '@sync/brokers'
import { createInstance, defineCollection, memoryBus } from '@sync/core'
import { redisStore } from '@sync/redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

describe.runIf(await canTest('the store on Redis', { broker: 'redis' }))('redisStore()', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis[Symbol.asyncDispose]())

  it('stores a document that another instance loads', async () => {
    const docs = defineCollection<{ n: number; tags?: string[] }>({ section: 'doc', ttl: 'never' })
    await using writer = createInstance({ store: redisStore(redis.url), bus: memoryBus() })
    await using reader = createInstance({ store: redisStore(redis.url), bus: memoryBus() })
    const [writing, reading] = [writer, reader].map((each) => each.collection(docs, { partition: 'p' }))
    await writing?.create('k', { n: 1, tags: [] })
    await writing?.update('k', (doc) => {
      doc.n++
    })
    expect(await reading?.get('k')).toEqual({ n: 2, tags: [] })
  })

  it.each(['ioredis', 'redis'] as const)(
    'stores a document of 100,000 fields, over %s',
    async (client) => {
      const docs = defineCollection<Record<string, number>>({ section: 'wide', ttl: 'never' })
      const value = Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`f${n}`, n]))
      await using writer = createInstance({ store: redisStore(redis.url, { client }), bus: memoryBus() })
      await using reader = createInstance({ store: redisStore(redis.url, { client }), bus: memoryBus() })
      await writer.collection(docs, { partition: 'p' }).assign(client, value)
      expect(await reader.collection(docs, { partition: 'p' }).get(client)).toEqual(value)
    },
    20_000,
  )

  it('stores fields with the names of its own counters', async () => {
    const docs = defineCollection<Record<string, number>>({ section: 'named', ttl: 'never' })
    const value = {
      VersionId: 1,
      'VersionId:latest': 2,
      'VersionId:latest:latest': 3,
      'VersionId:': 4,
      latest: 5,
      '': 6,
    }
    await using writer = createInstance({ store: redisStore(redis.url), bus: memoryBus() })
    await using reader = createInstance({ store: redisStore(redis.url), bus: memoryBus() })
    await writer.collection(docs, { partition: 'p' }).assign('k', value)
    expect(await reader.collection(docs, { partition: 'p' }).get('k')).toEqual(value)
    await reader.collection(docs, { partition: 'p' }).set('k', { 'VersionId:latest': 7 })
    await using third = createInstance({ store: redisStore(redis.url), bus: memoryBus() })
    expect(await third.collection(docs, { partition: 'p' }).get('k')).toEqual({ 'VersionId:latest': 7 })
  })
})
