import { canTest, startRedisCluster } from '@sync/brokers'
import { createInstance, defineCollection } from '@sync/core'
import { redisBus, redisStore } from '@sync/redis'
import { describe, expect, it, vi } from 'vitest'
import { clusterUrl } from './cluster-harness.ts'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })
const SOON = { timeout: 5_000, interval: 5 }

const CASES = (['ioredis', 'redis'] as const).flatMap((client) =>
  (['pubsub', 'streams'] as const).map((transport) => [client, transport] as const),
)

describe.runIf(await canTest('a planned fail-over in a cluster', { broker: 'redis', controllable: true }))(
  'a cluster node that stays up as a replica',
  { timeout: 60_000 },
  () => {
    it.each(CASES)('exchanges changes with new processes, over %s and %s', async (client, transport) => {
      await using cluster = await startRedisCluster({ masters: 1 })
      const url = clusterUrl(cluster, client)
      // checks the store only after an event, because its interval is an hour
      const open = () =>
        createInstance({ store: redisStore(url), bus: redisBus(url, { transport }), checkInterval: '1h' })
      await using before = open()
      const old = before.collection(docs, { partition: 'p' })
      await old.set('k', { n: 1 })
      await old.get('k')
      await cluster.failOver()
      await using after = open()
      const recent = after.collection(docs, { partition: 'p' })
      await recent.set('k', { n: 2 })
      await recent.get('k')
      await vi.waitFor(() => expect(old.peek('k')).toEqual({ n: 2 }), SOON)
      await old.set('k', { n: 3 })
      await vi.waitFor(() => expect(recent.peek('k')).toEqual({ n: 3 }), SOON)
    })
  },
)
