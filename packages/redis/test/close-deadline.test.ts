import { canTest, startRedis, startRedisCluster } from '@sync/brokers'
import { createInstance, defineCollection } from '@sync/core'
import { redisBus, redisStore } from '@sync/redis'
import { describe, expect, it } from 'vitest'
import { clusterUrl } from './cluster-harness.ts'

const docs = defineCollection<{ n: number }>({ section: 's', ttl: 'never' })

describe.runIf(await canTest('closing on a frozen Redis', { broker: 'redis', controllable: true }))(
  'close({ deadline }) on a frozen Redis',
  () => {
    it.each(['ioredis', 'redis'] as const)('settles at the deadline with a write pending, over %s', async (client) => {
      await using redis = await startRedis()
      const options = { client, timeout: '20s' } as const
      const instance = createInstance({ store: redisStore(redis.url, options), bus: redisBus(redis.url, options) })
      const collection = instance.collection(docs, { partition: 'p' })
      await collection.set('k', { n: 1 })
      await redis.pause()
      collection.set('k', { n: 2 }).catch(() => {})
      const startedAt = performance.now()
      await instance.close({ deadline: '2s' }).catch(() => {})
      expect(performance.now() - startedAt).toBeLessThan(3_000)
      await redis.resume()
    })

    it.each(['ioredis', 'redis'] as const)(
      'settles at the deadline with a write pending at a cluster node, over %s',
      { timeout: 30_000 },
      async (client) => {
        await using cluster = await startRedisCluster({ masters: 1 })
        const url = clusterUrl(cluster, client)
        const options = { timeout: '20s' } as const
        const instance = createInstance({ store: redisStore(url, options), bus: redisBus(url, options) })
        const collection = instance.collection(docs, { partition: 'p' })
        await collection.set('k', { n: 1 })
        await cluster.nodes[0]?.pause()
        collection.set('k', { n: 2 }).catch(() => {})
        const startedAt = performance.now()
        await instance.close({ deadline: '2s' }).catch(() => {})
        expect(performance.now() - startedAt).toBeLessThan(3_000)
        await cluster.nodes[0]?.resume()
      },
    )
  },
)
