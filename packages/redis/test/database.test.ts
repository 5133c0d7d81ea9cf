import { canTest, type RedisServer, startRedis } from '@sync/brokers'
import { memoryBus } from '@sync/core'
import { redisBus, redisRelay, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

const ref = { partition: 'p', section: 's', key: 'k' }

describe.runIf(await canTest('a database that Redis refuses', { broker: 'redis', controllable: true }))(
  'redisStore(), redisBus() and redisRelay() on a refused database',
  () => {
    let redis: RedisServer
    let admin: Redis
    beforeAll(async () => {
      redis = await startRedis({ config: { databases: '4' } })
      admin = new Redis(redis.url)
    })
    afterAll(async () => {
      admin.disconnect()
      await redis[Symbol.asyncDispose]()
    })

    const expectRefused = async (url: string, client: 'ioredis' | 'redis', message: RegExp): Promise<void> => {
      const rejection = { code: 'SYNC_REDIS', retryable: false, message: expect.stringMatching(message) }
      await using store = redisStore(url, { client })
      await expect(store.load([ref])).rejects.toMatchObject(rejection)
      for (const transport of ['pubsub', 'streams'] as const) {
        await using bus = redisBus(url, { client, transport })
        await expect(bus.subscribe(ref, () => {})).rejects.toMatchObject(rejection)
      }
      await using relay = redisRelay(url, { client, bus: memoryBus() })
      await expect(relay.backlog()).rejects.toMatchObject(rejection)
      expect(await admin.keys('*')).toEqual([])
    }

    it.each(['ioredis', 'redis'] as const)('writes nothing when the number is too high, over %s', async (client) => {
      await expectRefused(`${redis.url}/7`, client, /DB index is out of range; correct the database number/)
    })

    it.each(['ioredis', 'redis'] as const)(
      'writes nothing until the user may run SELECT, over %s',
      { timeout: 20_000 },
      async (client) => {
        await admin.flushall()
        await admin.call('ACL', 'SETUSER', 'app', 'reset', 'on', '>pass', '~*', '&*', '+@all', '-select')
        const url = `${redis.url.replace('redis://', 'redis://app:pass@')}/2`
        await expectRefused(url, client, /NOPERM.*select.*; grant/)
        await using store = redisStore(url, { client })
        await expect(store.load([ref])).rejects.toMatchObject({ code: 'SYNC_REDIS' })
        await admin.call('ACL', 'SETUSER', 'app', '+select')
        await vi.waitFor(() => store.load([ref]), { timeout: 10_000 })
        expect(await admin.dbsize()).toBe(0)
      },
    )
  },
)
