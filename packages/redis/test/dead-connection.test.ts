import { canTest, startRedis, startRedisCluster } from '@sync/brokers'
import { redisBus, redisStore } from '@sync/redis'
import { describe, expect, it, vi } from 'vitest'
import { openClusterClient } from './open-client.ts'

describe.runIf(await canTest('a server that does not answer', { broker: 'redis', controllable: true }))(
  'redisStore() and redisBus() on a frozen server',
  { timeout: 30_000 },
  () => {
    it.each(['ioredis', 'redis'] as const)(
      'stop a subscription without waiting for the server, with %s',
      async (client) => {
        await using redis = await startRedis()
        await using bus = redisBus(redis.url, { client, timeout: '20s' })
        const subscription = await bus.subscribe({ partition: 'p', section: 's' }, () => {})
        await redis.pause()
        const stopped = subscription.stop().then(() => 'stopped')
        // a close that waits for one subscription after the other would miss its deadline
        const late = new Promise((resolve) => setTimeout(resolve, 5_000, 'late'))
        expect(await Promise.race([stopped, late])).toBe('stopped')
        await redis.resume()
      },
    )

    it.each(['ioredis', 'redis'] as const)(
      'close within the timeout when no call is pending, with %s',
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
      'emit interrupted although pings are written more often than `timeout`, with %s',
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
      'emit interrupted in a cluster with a %s client that was passed',
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
