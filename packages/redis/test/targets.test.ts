import { canTest, type RedisServer, startRedis, startRedisCluster } from '@sync/brokers'
import { createInstance, defineCollection, type SyncInstance } from '@sync/core'
import { redisBus, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

test('a Redis Cluster has no database but 0', () => {
  for (const client of ['ioredis', 'redis'])
    expect(() => redisStore(`redis://127.0.0.1:1/2?cluster=true&client=${client}`)).toThrow(/database 0/)
})

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: '1h' })

/** What the README says that a user needs. */
const README_ACL =
  '+@scripting +@hash +@stream +@string +@keyspace +@pubsub +info +time +ping +client +@blocking ~p:* &__dataChanged*'

describe.runIf(await canTest('users and databases of Redis', { broker: 'redis', controllable: true }))(
  'a redis: URL',
  () => {
    let redis: RedisServer
    let admin: Redis
    beforeAll(async () => {
      redis = await startRedis()
      admin = new Redis(redis.url)
      await admin.call('ACL', 'SETUSER', 'ann', 'reset', 'on', '>p@ss/word', ...README_ACL.split(' '))
      await admin.call('ACL', 'SETUSER', 'bob', 'reset', 'on', '>bob', '+@all', '-@scripting', 'allkeys', 'allchannels')
    })
    afterAll(async () => {
      await admin.quit()
      await redis[Symbol.asyncDispose]()
    })

    const open = (url: string, transport: 'pubsub' | 'streams' = 'pubsub'): SyncInstance =>
      createInstance({ store: redisStore(url), bus: redisBus(url, { transport }) })

    test.each(['pubsub', 'streams'] as const)(
      'names a user who may do no more than the README says, over %s',
      async (bus) => {
        const url = new URL(redis.url)
        url.username = 'ann'
        url.password = 'p@ss/word'
        await using a = open(url.href, bus)
        await using b = open(url.href, bus)
        const [x, y] = [a, b].map((each) => each.collection(docs, { partition: 'p' }))
        const failures: unknown[] = []
        a.onEvent((event) => {
          if (event.type.includes('fail')) failures.push(event)
        })
        await y?.get(bus)
        await x?.assign(bus, { n: 1 })
        await vi.waitFor(() => expect(y?.peek(bus)).toEqual({ n: 1 }), { interval: 1 })
        await x?.delete(bus)
        await vi.waitFor(() => expect(y?.peek(bus)).toBeUndefined(), { interval: 1 })
        expect(failures).toEqual([])
      },
    )

    test('names a database: equal names in two of them do not meet', async () => {
      await using a = open(`${redis.url}/1`)
      await using b = open(`${redis.url}/2`)
      await using c = open(`${redis.url}/1`)
      const [x, y, z] = [a, b, c].map((each) => each.collection(docs, { partition: 'p' }))
      await Promise.all([x, y, z].map((each) => each?.get('k')))
      await x?.assign('k', { n: 1 })
      await vi.waitFor(() => expect(z?.peek('k')).toEqual({ n: 1 }), { interval: 1 })
      expect(await y?.get('k')).toBeUndefined()
      expect(b.stats().receivedBytes).toBe(0)
    })

    test('with a user who may not what is needed is refused at once, not waited for', async () => {
      await using store = redisStore(redis.url.replace('redis://', 'redis://bob:bob@'))
      await expect(store.heads([{ scope: { partition: 'p', section: 's' } }])).rejects.toMatchObject({
        code: 'SYNC_REDIS',
        retryable: false,
        message: expect.stringMatching(/NOPERM/),
      })
    })

    test('of a node of a cluster is refused, not tried again', async () => {
      await using cluster = await startRedisCluster({ masters: 1 })
      await using store = redisStore(cluster.urls[0] ?? '')
      await expect(store.heads([{ scope: { partition: 'p', section: 's' } }])).rejects.toMatchObject({
        code: 'SYNC_REDIS',
        retryable: false,
        message: expect.stringMatching(/is a node of a cluster/),
      })
    })

    test.each([
      ['http://host', /redis:\/\/host:6379/],
      ['redis://host/shop', /number of a database/],
      [{} as never, /client of ioredis/],
    ])('%s is refused', (target, message) => {
      expect(() => redisStore(target)).toThrow(message)
      expect(() => redisBus(target)).toThrow(message)
    })

    test('a client with a keyPrefix is refused', async () => {
      const prefixed = new Redis(redis.url, { keyPrefix: 'mine:' })
      await using store = redisStore(prefixed)
      await expect(store.load([{ partition: 'p', section: 's', key: 'k' }])).rejects.toThrow('keyPrefix')
      prefixed.disconnect()
    })
  },
)
