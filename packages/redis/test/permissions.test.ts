import { canTest, type RedisServer, startRedis, startRedisCluster } from '@sync/brokers'
import { createInstance, defineCollection } from '@sync/core'
import { assembleChange } from '@sync/core/adapter'
import { redisBus, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

const scope = { partition: 'p', section: 's' }
const change = assembleChange({
  key: 'k',
  epoch: 'e',
  origin: 'o',
  generation: 1,
  version: 1,
  sequence: 1,
  time: 0,
  edits: 'removed',
})

describe.runIf(await canTest('what Redis refuses to a user', { broker: 'redis', controllable: true }))(
  'a bus whose user lacks a permission',
  { timeout: 20_000 },
  () => {
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

    let users = 0
    const without = async (...rules: string[]): Promise<string> => {
      const name = `user${++users}`
      await set(name, 'reset', 'on', '>pass', 'allcommands', 'allkeys', 'allchannels', ...rules)
      return redis.url.replace('redis://', `redis://${name}:pass@`)
    }
    const set = (name: string, ...rules: string[]): Promise<unknown> => admin.call('ACL', 'SETUSER', name, ...rules)

    const CASES = [
      ['ioredis', 'pubsub', 'publish', '__dataChanged:p:s', ['-publish']],
      ['redis', 'pubsub', 'publish', '__dataChanged:p:s', ['-publish']],
      ['ioredis', 'pubsub', 'subscribe', '__dataChanged:p:s', ['-subscribe']],
      ['redis', 'pubsub', 'subscribe', '__dataChanged:p:s', ['-subscribe']],
      ['ioredis', 'pubsub', 'info', '__dataChanged:p:s', ['-info']],
      ['redis', 'pubsub', 'info', '__dataChanged:p:s', ['-info']],
      ['redis', 'streams', 'info', 'p:s::changes', ['-info']],
      ['ioredis', 'pubsub', 'channel', '__dataChanged:p:s', ['resetchannels', '&other']],
      ['redis', 'pubsub', 'channel', '__dataChanged:p:s', ['resetchannels', '&other']],
      ['ioredis', 'streams', 'xadd', 'p:s::changes', ['-xadd']],
      ['redis', 'streams', 'xread', 'p:s::changes', ['-xread']],
      ['ioredis', 'streams', 'key', 'p:s::changes', ['resetkeys', '~other']],
    ] as const

    test.each(CASES)('by %s over %s is told so at once: %s', async (client, kind, missing, where, rules) => {
      await using bus = redisBus(await without(...rules), { client, transport: kind })
      const calls = [() => bus.publish(scope, [change]), () => bus.subscribe(scope, () => {})]
      const refusals: unknown[] = []
      for (const call of calls) await call().catch((error: unknown) => refusals.push(error))
      expect(refusals).not.toEqual([])
      for (const refusal of refusals)
        expect(refusal).toMatchObject({
          code: 'SYNC_REDIS',
          retryable: false,
          address: scope,
          message: expect.stringMatching(new RegExp(`${where}: NOPERM.*${missing}`)),
        })
    })

    test('hears what it may, also after the line was lost', async () => {
      const url = await without('resetchannels', '&__dataChanged:may:*')
      await using bus = redisBus(url)
      await expect(bus.subscribe(scope, () => {})).rejects.toMatchObject({ code: 'SYNC_REDIS' })
      const may = { partition: 'may', section: 's' }
      const received: unknown[] = []
      await bus.subscribe(may, (frame) => received.push(frame))
      await expect(bus.subscribe(scope, () => {})).rejects.toMatchObject({ code: 'SYNC_REDIS' })
      const resumed = new Promise<void>((resolve) => {
        bus.onStatus((status) => {
          if (status === 'resumed') resolve()
        })
      })
      await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await resumed
      await bus.publish(may, [change])
      await expect.poll(() => received.length).toBe(1)
    })

    test.each(['ioredis', 'redis'] as const)('listens over %s as soon as it is allowed to', async (client) => {
      await using bus = redisBus(await without('-info'), { client })
      await expect(bus.subscribe(scope, () => {})).rejects.toMatchObject({ code: 'SYNC_REDIS' })
      await set(`user${users}`, '+info')
      await vi.waitFor(() => bus.subscribe(scope, () => {}), { timeout: 5_000 })
    })

    test('tells over Streams that it may not read any more, and goes on where it was as soon as it may', async () => {
      await using bus = redisBus(await without(), { transport: 'streams' })
      const user = `user${users}`
      const statuses: string[] = []
      bus.onStatus((status) => statuses.push(status))
      let received = 0
      await bus.subscribe(scope, () => received++)
      await set(user, '-xread')
      await vi.waitFor(() => expect(statuses).toEqual(['connected', 'interrupted']), { timeout: 5_000 })
      await bus.publish(scope, [change])
      await set(user, '+xread')
      await vi.waitFor(() => expect(received).toBe(1), { timeout: 5_000 })
      expect(statuses).toEqual(['connected', 'interrupted', 'resumed'])
    })

    test('gives its instance an error, not silence', async () => {
      const docs = defineCollection<{ n: number }>({ section: 's', ttl: 'never' })
      const bus = redisBus(await without('-subscribe'))
      await using sync = createInstance({ store: redisStore(redis.url), bus })
      await expect(sync.collection(docs, { partition: 'p' }).get('k')).rejects.toMatchObject({ code: 'SYNC_REDIS' })
    })

    test.each(['ioredis', 'redis'] as const)(
      'by %s is asked again where there are too many clients',
      async (client) => {
        await admin.config('SET', 'maxclients', '1')
        await using store = redisStore(redis.url, { client })
        await using bus = redisBus(redis.url, { client })
        const away = { retryable: true, message: expect.stringContaining(redis.url.replace('redis://', '')) }
        await expect(store.heads([{ scope }])).rejects.toMatchObject({ ...away, code: 'SYNC_STORE_UNAVAILABLE' })
        await expect(bus.subscribe(scope, () => {})).rejects.toMatchObject({ ...away, code: 'SYNC_BUS_UNAVAILABLE' })
        await admin.config('SET', 'maxclients', '1000')
        await vi.waitFor(() => Promise.all([store.heads([{ scope }]), bus.subscribe(scope, () => {})]), {
          timeout: 5_000,
        })
      },
    )

    async function isRefused(at: string, client: 'ioredis' | 'redis'): Promise<void> {
      const url = at.replace('redis://', 'redis://user1:wrong@')
      await using store = redisStore(url, { client })
      await using bus = redisBus(url, { client })
      const refused = { code: 'SYNC_REDIS', retryable: false, message: expect.stringMatching(/WRONGPASS/) }
      await expect(store.heads([{ scope }])).rejects.toMatchObject(refused)
      await expect(bus.publish(scope, [change])).rejects.toMatchObject(refused)
      await expect(bus.subscribe(scope, () => {})).rejects.toMatchObject(refused)
    }

    test.each(['ioredis', 'redis'] as const)(
      'with a wrong password is refused by %s in a cluster too',
      async (client) => {
        await using cluster = await startRedisCluster({ masters: 1 })
        await isRefused(`${cluster.urls[0]}?cluster=true`, client)
      },
    )

    test.each(['ioredis', 'redis'] as const)(
      'with a wrong password is refused by %s, store and bus',
      async (client) => {
        await isRefused(redis.url, client)
      },
    )
  },
)
