import { canTest, startRedis, startRedisCluster } from '@sync/brokers'
import { redisBus, redisStore } from '@sync/redis'
import { describe, expect, it, vi } from 'vitest'
import { openClusterClient } from './open-client.ts'

describe.runIf(await canTest('ending on a dead line', { broker: 'redis', controllable: true }))(
  'while the server does not answer',
  { timeout: 30_000 },
  () => {
    it.each(['ioredis', 'redis'] as const)(
      'a subscription ends at once, with %s: a close that waited for one after the other would miss its deadline',
      async (client) => {
        await using redis = await startRedis()
        await using bus = redisBus(redis.url, { client, timeout: '20s' })
        const subscription = await bus.subscribe({ partition: 'p', section: 's' }, () => {})
        await redis.pause()
        const ended = subscription.stop().then(() => 'ended')
        // on a loopback line a server that answers has done so long before
        const late = new Promise((resolve) => setTimeout(resolve, 5_000, 'late'))
        expect(await Promise.race([ended, late])).toBe('ended')
        await redis.resume()
      },
    )

    it.each(['ioredis', 'redis'] as const)(
      'store and bus are closed in the time allowed, with %s, though nothing else was asked',
      async (client) => {
        await using redis = await startRedis()
        const options = { client, timeout: '500ms' } as const
        const [store, bus] = [redisStore(redis.url, options), redisBus(redis.url, options)]
        const scope = { partition: 'p', section: 's' }
        await Promise.all([store.heads([{ scope }]), bus.subscribe(scope, () => {})])
        await redis.pause()
        const closed = Promise.all([store.close(), bus.close()]).then(() => 'closed')
        const late = new Promise((resolve) => setTimeout(resolve, 5_000, 'late'))
        expect(await Promise.race([closed, late])).toBe('closed')
        await redis.resume()
      },
    )

    it.each(['ioredis', 'redis'] as const)(
      'it is noticed, with %s, though what keeps quiet lines open is written more often than `timeout`',
      async (client) => {
        await using redis = await startRedis()
        await using bus = redisBus(redis.url, { client, timeout: '1500ms' })
        const statuses: string[] = []
        bus.onStatus((status) => statuses.push(status))
        await bus.subscribe({ partition: 'p', section: 's' }, () => {})
        await redis.pause()
        await vi.waitFor(() => expect(statuses).toContain('interrupted'), { timeout: 10_000, interval: 5 })
        await redis.resume()
        await vi.waitFor(() => expect(statuses).toContain('resumed'), { timeout: 10_000, interval: 5 })
      },
    )

    it.each(['ioredis', 'redis'] as const)(
      'it is noticed in a cluster too, with a client of %s that was given: the line is that of the bus',
      async (client) => {
        await using cluster = await startRedisCluster({ masters: 1 })
        const { opened, end } = await openClusterClient(cluster, client)
        await using stack = new AsyncDisposableStack()
        stack.defer(end)
        const bus = stack.use(redisBus(opened, { timeout: '1500ms' }))
        const statuses: string[] = []
        bus.onStatus((status) => statuses.push(status))
        await bus.subscribe({ partition: 'p', section: 's' }, () => {})
        await cluster.nodes[0]?.pause()
        stack.defer(async () => cluster.nodes[0]?.resume())
        await vi.waitFor(() => expect(statuses).toContain('interrupted'), { timeout: 10_000, interval: 5 })
      },
    )
  },
)
