import { canTest, type RedisServer, startRedis, startRedisCluster } from '@sync/brokers'
import { createInstance, defineCollection, type SyncInstance } from '@sync/core'
import { redisBus, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

describe('redisStore(url)', () => {
  it.each(['ioredis', 'redis'])('throws for a database other than 0 of a Redis Cluster, over %s', (client) => {
    expect(() => redisStore(`redis://127.0.0.1:1/2?cluster=true&client=${client}`)).toThrow(/database 0/)
  })

  it.each([
    ['maxOpResults=1', /maxOpResults/],
    ['maxOpResultBytes=0', /maxOpResultBytes/],
    ['opResultTtl=soon', /opResultTtl/],
    ['lineageDepth=-1', /lineageDepth/],
    ['publish=never', /publish/],
  ])('throws an error that names the option when the URL has ?%s', (query, message) => {
    expect(() => redisStore(`redis://127.0.0.1:1?${query}`)).toThrow(message)
  })
})

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: '1h' })

/** Permissions that the README lists. */
const README_ACL =
  '+@scripting +@hash +@sortedset +@stream +@string +@keyspace +@pubsub +info +time +ping +client +@blocking ~p:* &__dataChanged*'

describe.runIf(await canTest('users and databases of Redis', { broker: 'redis', controllable: true }))(
  'redisStore(target) and redisBus(target)',
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

    it.each(['pubsub', 'streams'] as const)(
      'work with only the permissions in the README, over %s',
      async (transport) => {
        const url = new URL(redis.url)
        url.username = 'ann'
        url.password = 'p@ss/word'
        await using writerInstance = open(url.href, transport)
        await using readerInstance = open(url.href, transport)
        const [writer, reader] = [writerInstance, readerInstance].map((each) =>
          each.collection(docs, { partition: 'p' }),
        )
        const failures: unknown[] = []
        writerInstance.onEvent((event) => {
          if (event.type.includes('fail')) failures.push(event)
        })
        await reader?.get(transport)
        await writer?.assign(transport, { n: 1 })
        await vi.waitFor(() => expect(reader?.peek(transport)).toEqual({ n: 1 }), { interval: 1 })
        await writer?.delete(transport)
        await vi.waitFor(() => expect(reader?.peek(transport)).toBeUndefined(), { interval: 1 })
        expect(failures).toEqual([])
      },
    )

    it('keep databases of one server apart', async () => {
      await using writerInstance = open(`${redis.url}/1`)
      await using otherInstance = open(`${redis.url}/2`)
      await using readerInstance = open(`${redis.url}/1`)
      const [writer, other, reader] = [writerInstance, otherInstance, readerInstance].map((each) =>
        each.collection(docs, { partition: 'p' }),
      )
      await Promise.all([writer, other, reader].map((each) => each?.get('k')))
      await writer?.assign('k', { n: 1 })
      await vi.waitFor(() => expect(reader?.peek('k')).toEqual({ n: 1 }), { interval: 1 })
      expect(await other?.get('k')).toBeUndefined()
      expect(otherInstance.stats().receivedBytes).toBe(0)
    })

    it('reject immediately when the user lacks a permission', async () => {
      await using store = redisStore(redis.url.replace('redis://', 'redis://bob:bob@'))
      await expect(store.heads([{ scope: { partition: 'p', section: 's' } }])).rejects.toMatchObject({
        code: 'SYNC_REDIS',
        retryable: false,
        message: expect.stringMatching(/NOPERM/),
      })
    })

    it('reject without a retry when a cluster node is opened as a single server', async () => {
      await using cluster = await startRedisCluster({ masters: 1 })
      await using store = redisStore(cluster.urls[0] ?? '')
      await expect(store.heads([{ scope: { partition: 'p', section: 's' } }])).rejects.toMatchObject({
        code: 'SYNC_REDIS',
        retryable: false,
        message: expect.stringMatching(/is a cluster node; open it with \?cluster=true/),
      })
    })

    it.each([
      ['http://host', /redis:\/\/host:6379/],
      ['redis://host/shop', /database number/],
      [{} as never, /client of ioredis/],
    ])('throw for the target %s', (target, message) => {
      expect(() => redisStore(target)).toThrow(message)
      expect(() => redisBus(target)).toThrow(message)
    })

    it('reject an ioredis client with a keyPrefix', async () => {
      const prefixed = new Redis(redis.url, { keyPrefix: 'mine:' })
      await using store = redisStore(prefixed)
      await expect(store.load([{ partition: 'p', section: 's', key: 'k' }])).rejects.toThrow('keyPrefix')
      prefixed.disconnect()
    })
  },
)
