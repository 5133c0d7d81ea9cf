import { startProxy, startRedis } from '@sync/brokers'
import type { SyncHarness } from '@sync/conformance'
import { createInstance, type Runtime, systemRuntime } from '@sync/core'
import { redisBus, redisRelay, redisStore } from '@sync/redis'
import { isCommit, storeFaults } from './store-harness.ts'

let harnessCount = 0

const skewed = (skew: number): Runtime => ({ ...systemRuntime, now: () => systemRuntime.now() + skew })

/**
 * Opens store and bus on one server. Commits are published by their script, or by a relay. With `partitioned`, the target of all other
 * partitions is unreachable.
 */
export async function redisSyncHarness({
  relayed = false,
  partitioned = false,
}: {
  readonly relayed?: boolean
  readonly partitioned?: boolean
} = {}): Promise<SyncHarness> {
  const namespace = `stack${++harnessCount}`
  const targetOf = (url: string): string => (partitioned ? `redis://127.0.0.1:1?partition.${namespace}=${url}` : url)
  const redis = await startRedis({ config: { 'stream-node-max-entries': '1' } })
  const proxy = await startProxy({ target: redis.url })
  // the bus has a proxy of its own, so it can be unavailable while the store is available
  const busProxy = await startProxy({ target: redis.url })
  const timeout = '500ms'
  const limits = { maxChanges: 400, maxOpResults: 500 }
  const store = async (publish: 'writer' | 'outbox' = 'writer') =>
    redisStore(targetOf(proxy.url), { ...limits, timeout, publish })
  const bus = async () => redisBus(targetOf(busProxy.url), { timeout })
  const relayBus = relayed ? await bus() : undefined
  // a relay takes its stores' options from the URL
  const relayTarget = new URL(redis.url)
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
    storeFaults: {
      ...storeFaults(redis),
      loseReplies(n) {
        for (let i = 0; i < n; i++) void proxy.loseReply({ when: isCommit })
      },
    },
    busFaults: { kill: () => busProxy.refuse(), restart: () => busProxy.heal(), cut: () => busProxy.resetAll() },
    async close() {
      await relay?.close()
      await relayBus?.close()
      await busProxy[Symbol.asyncDispose]()
      await proxy[Symbol.asyncDispose]()
      await redis[Symbol.asyncDispose]()
    },
  }
}
