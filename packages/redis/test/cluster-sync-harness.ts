import type { RedisCluster } from '@sync/brokers'
import type { SyncHarness } from '@sync/conformance'
import { createInstance, type Runtime, systemRuntime } from '@sync/core'
import { redisBus, redisRelay, redisStore } from '@sync/redis'
import { clusterStoreFaults, restartDeadNodes } from './cluster-faults.ts'
import { clusterUrl, cutSubscriptions } from './cluster-harness.ts'

let harnessCount = 0

const skewed = (skew: number): Runtime => ({ ...systemRuntime, now: () => systemRuntime.now() + skew })

/** Opens store and bus on one cluster. Commits are published by their script, or by a relay. */
export async function clusterSyncHarness(
  cluster: RedisCluster,
  { relayed = false, client = 'ioredis' }: { readonly relayed?: boolean; readonly client?: 'ioredis' | 'redis' } = {},
): Promise<SyncHarness> {
  const namespace = `cluster${++harnessCount}`
  const url = clusterUrl(cluster, client)
  const limits = { timeout: '500ms', maxChanges: 400, maxOpResults: 500 } as const
  const store = async (publish: 'writer' | 'outbox' = 'writer') => redisStore(url, { ...limits, publish })
  const bus = async () => redisBus(url, { timeout: '500ms' })
  const relayBus = relayed ? await bus() : undefined
  const relay = relayBus && redisRelay(url, { ...limits, bus: relayBus })
  return {
    namespace,
    // commits through this store, outside the instances, are not published
    store: () => store(),
    bus,
    async open({ skew = 0, ...options } = {}) {
      return createInstance({
        ...options,
        store: await store(relayed ? 'outbox' : 'writer'),
        bus: await bus(),
        runtime: skewed(skew),
      })
    },
    storeFaults: clusterStoreFaults(cluster, namespace),
    // the bus cannot be unavailable while the store is available
    busFaults: { cut: () => cutSubscriptions(cluster) },
    async close() {
      await relay?.close()
      await relayBus?.close()
      await restartDeadNodes(cluster)
    },
  }
}
