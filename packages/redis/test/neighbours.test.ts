import { canTest, type RedisServer, startRedis } from '@sync/brokers'
import { type Collection, createInstance, defineCollection, type SyncInstance } from '@sync/core'
import { redisBus, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

/** Scenarios in which caches with an invalidation bus become inconsistent. */
describe.runIf(await canTest('scenarios that break other caches', { broker: 'redis', controllable: true }))(
  'instances on one Redis',
  () => {
    const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })
    const checkInterval = 200
    let redis: RedisServer
    let admin: Redis
    beforeAll(async () => {
      redis = await startRedis()
      admin = new Redis(redis.url)
    })
    afterAll(async () => {
      await admin.quit()
      await redis[Symbol.asyncDispose]()
    })

    async function open(
      count: number,
      partition: string,
    ): Promise<{ syncs: SyncInstance[]; collections: Collection<{ n: number }>[] }> {
      const syncs = Array.from({ length: count }, () =>
        createInstance({ store: redisStore(redis.url), bus: redisBus(redis.url), checkInterval }),
      )
      const collections = syncs.map((sync) => sync.collection(docs, { partition }))
      await Promise.all(collections.map((each) => each.ready()))
      return { syncs, collections }
    }

    it('all apply a write from a time without subscriptions within the check interval', async () => {
      const { syncs, collections } = await open(3, 'killed')
      const [writer] = collections
      for (let n = 1; n <= 20; n++) {
        await Promise.all(collections.map((each) => each.get('k')))
        const killed = Date.now()
        await Promise.all([admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub'), writer?.assign('k', { n })])
        await vi.waitFor(
          () => expect(collections.map((each) => each.peek('k'))).toEqual(collections.map(() => ({ n }))),
          {
            interval: 5,
            timeout: 5_000,
          },
        )
        // at worst they reconnect, resubscribe and wait for the next check; the rest is a margin for slow machines
        expect(Date.now() - killed).toBeLessThan(checkInterval * 1.1 + 2_000)
      }
      await Promise.all(syncs.map((sync) => sync.close()))
    }, 60_000)

    it('end with equal replicas after 100 rounds of concurrent writes to the same 500 keys', async () => {
      const { syncs, collections } = await open(2, 'same')
      const keys = Array.from({ length: 500 }, (_, at) => `k${at}`)
      await Promise.all(collections.map((each) => each.getMany(keys)))
      for (let round = 0; round < 100; round++) {
        await Promise.all(
          collections.flatMap((each, writer) => keys.map((key) => each.assign(key, { n: round * 2 + writer }))),
        )
      }
      await Promise.all(syncs.map((sync) => sync.catchUp()))
      const [a, b] = collections.map((each) => keys.map((key) => each.peek(key)))
      expect(a).toEqual(b)
      expect(a?.every((value) => value !== undefined && value.n >= 198)).toBe(true)
      await Promise.all(syncs.map((sync) => sync.close()))
    }, 120_000)
  },
)
