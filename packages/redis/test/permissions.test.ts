import { canTest, type RedisServer, startRedis, startRedisCluster } from '@sync/brokers'
import { createInstance, defineCollection } from '@sync/core'
import { assembleChange } from '@sync/core/adapter'
import { redisBus, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

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

describe.runIf(await canTest('permissions of a Redis user', { broker: 'redis', controllable: true }))(
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
    const urlWithout = async (...rules: string[]): Promise<string> => {
      const name = `user${++users}`
      await setUser(name, 'reset', 'on', '>pass', 'allcommands', 'allkeys', 'allchannels', ...rules)
      return redis.url.replace('redis://', `redis://${name}:pass@`)
    }
    const setUser = (name: string, ...rules: string[]): Promise<unknown> => admin.call('ACL', 'SETUSER', name, ...rules)

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

    it.each(CASES)(
      'rejects immediately with SYNC_REDIS, with %s over %s, without the permission %s',
      async (client, transport, missing, name, rules) => {
        await using bus = redisBus(await urlWithout(...rules), { client, transport })
        const calls = [() => bus.publish(scope, [change]), () => bus.subscribe(scope, () => {})]
        const errors: unknown[] = []
        for (const call of calls) await call().catch((error: unknown) => errors.push(error))
        expect(errors).not.toEqual([])
        for (const error of errors)
          expect(error).toMatchObject({
            code: 'SYNC_REDIS',
            retryable: false,
            address: scope,
            message: expect.stringMatching(new RegExp(`${name}: NOPERM.*${missing}`)),
          })
      },
    )

    it('keeps receiving on permitted channels after a reconnect', async () => {
      const url = await urlWithout('resetchannels', '&__dataChanged:may:*')
      await using bus = redisBus(url)
      await expect(bus.subscribe(scope, () => {})).rejects.toMatchObject({ code: 'SYNC_REDIS' })
      const permitted = { partition: 'may', section: 's' }
      const received: unknown[] = []
      await bus.subscribe(permitted, (frame) => received.push(frame))
      await expect(bus.subscribe(scope, () => {})).rejects.toMatchObject({ code: 'SYNC_REDIS' })
      const resumed = new Promise<void>((resolve) => {
        bus.onStatus((status) => {
          if (status === 'resumed') resolve()
        })
      })
      await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await resumed
      await bus.publish(permitted, [change])
      await expect.poll(() => received.length).toBe(1)
    })

    it.each(['ioredis', 'redis'] as const)(
      'subscribes over %s as soon as the permission is granted',
      async (client) => {
        await using bus = redisBus(await urlWithout('-info'), { client })
        await expect(bus.subscribe(scope, () => {})).rejects.toMatchObject({ code: 'SYNC_REDIS' })
        await setUser(`user${users}`, '+info')
        await vi.waitFor(() => bus.subscribe(scope, () => {}), { timeout: 5_000 })
      },
    )

    it('emits interrupted over Streams when the permission to read is revoked, and continues at its position when it is granted', async () => {
      await using bus = redisBus(await urlWithout(), { transport: 'streams' })
      const user = `user${users}`
      const statuses: string[] = []
      bus.onStatus((status) => statuses.push(status))
      let received = 0
      await bus.subscribe(scope, () => received++)
      await setUser(user, '-xread')
      await vi.waitFor(() => expect(statuses).toEqual(['connected', 'interrupted']), { timeout: 5_000 })
      await bus.publish(scope, [change])
      await setUser(user, '+xread')
      await vi.waitFor(() => expect(received).toBe(1), { timeout: 5_000 })
      expect(statuses).toEqual(['connected', 'interrupted', 'resumed'])
    })

    it('makes a collection call reject', async () => {
      const docs = defineCollection<{ n: number }>({ section: 's', ttl: 'never' })
      const bus = redisBus(await urlWithout('-subscribe'))
      await using sync = createInstance({ store: redisStore(redis.url), bus })
      await expect(sync.collection(docs, { partition: 'p' }).get('k')).rejects.toMatchObject({ code: 'SYNC_REDIS' })
    })

    it.each(['ioredis', 'redis'] as const)('recovers when the server accepts more clients, over %s', async (client) => {
      await admin.config('SET', 'maxclients', '1')
      await using store = redisStore(redis.url, { client })
      await using bus = redisBus(redis.url, { client })
      const unavailable = { retryable: true, message: expect.stringContaining(redis.url.replace('redis://', '')) }
      await expect(store.heads([{ scope }])).rejects.toMatchObject({ ...unavailable, code: 'SYNC_STORE_UNAVAILABLE' })
      await expect(bus.subscribe(scope, () => {})).rejects.toMatchObject({
        ...unavailable,
        code: 'SYNC_BUS_UNAVAILABLE',
      })
      await admin.config('SET', 'maxclients', '1000')
      await vi.waitFor(() => Promise.all([store.heads([{ scope }]), bus.subscribe(scope, () => {})]), {
        timeout: 5_000,
      })
    })

    async function expectWrongPassword(target: string, client: 'ioredis' | 'redis'): Promise<void> {
      const url = target.replace('redis://', 'redis://user1:wrong@')
      await using store = redisStore(url, { client })
      await using bus = redisBus(url, { client })
      const rejection = { code: 'SYNC_REDIS', retryable: false, message: expect.stringMatching(/WRONGPASS/) }
      await expect(store.heads([{ scope }])).rejects.toMatchObject(rejection)
      await expect(bus.publish(scope, [change])).rejects.toMatchObject(rejection)
      await expect(bus.subscribe(scope, () => {})).rejects.toMatchObject(rejection)
    }

    it.each(['ioredis', 'redis'] as const)(
      'rejects with SYNC_REDIS in a cluster when the password is wrong, over %s',
      async (client) => {
        await using cluster = await startRedisCluster({ masters: 1 })
        await expectWrongPassword(`${cluster.urls[0]}?cluster=true`, client)
      },
    )

    it.each(['ioredis', 'redis'] as const)(
      'rejects with SYNC_REDIS when the password is wrong, over %s',
      async (client) => {
        await expectWrongPassword(redis.url, client)
      },
    )
  },
)
