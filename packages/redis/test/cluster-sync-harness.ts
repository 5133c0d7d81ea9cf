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
  const timeout = '500ms'
  const limits = { maxChanges: 400, maxOpResults: 500 }
  const store = async (publish: 'writer' | 'outbox' = 'writer') => redisStore(url, { ...limits, timeout, publish })
  const bus = async () => redisBus(url, { timeout })
  const relayBus = relayed ? await bus() : undefined
  // a relay takes its stores' options from the URL
  const relayTarget = new URL(url)
  for (const [name, value] of Object.entries(limits)) relayTarget.searchParams.set(name, String(value))
  const relay = relayBus && redisRelay(relayTarget, { timeout, bus: relayBus })
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
