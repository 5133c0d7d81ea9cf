import { type RedisCluster, startRedisCluster } from '@sync/brokers'
import type { BusHarness, StoreHarness } from '@sync/conformance'
import { redisBus, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { busScript } from './bus-harness.ts'
import { clusterFaults, clusterStoreFaults, restartDeadNodes } from './cluster-faults.ts'
import { openClusterClient } from './open-client.ts'
import { storeScript } from './store-harness.ts'

const LIMITS = { maxChanges: 400, maxOpResults: 500, maxCommitBytes: 262_144, timeout: '500ms' } as const
const unreachableUrl = (client: Client): string => `redis://127.0.0.1:1?cluster=true&timeout=500ms&client=${client}`

let harnessCount = 0

type Client = 'ioredis' | 'redis'

/** Returns a URL of the cluster for this client package. */
export const clusterUrl = (cluster: RedisCluster, client: Client = 'ioredis'): string =>
  `${cluster.urls[0]}?cluster=true&client=${client}`

/**
 * Starts a cluster. It takes seconds, so the rules share one. Redis trims streams by whole nodes: with one entry per node the log is
 * trimmed exactly.
 */
export const startTestCluster = (): Promise<RedisCluster> =>
  startRedisCluster({ config: { 'stream-node-max-entries': '1' } })

export function clusterStoreHarness(cluster: RedisCluster, client: Client = 'ioredis'): StoreHarness {
  const namespace = `ns${++harnessCount}`
  const url = clusterUrl(cluster, client)
  return {
    namespace,
    limits: LIMITS,
    program: storeScript(url, client),
    open: async () => redisStore(url, LIMITS),
    faults: clusterStoreFaults(cluster, namespace),
    async injected() {
      const given = await openClusterClient(cluster, client)
      return { ...given, client: redisStore(given.opened) }
    },
    unreachable: { address: '127.0.0.1:1', open: async () => redisStore(unreachableUrl(client)) },
    close: () => restartDeadNodes(cluster),
  }
}

export function clusterBusHarness(
  cluster: RedisCluster,
  {
    client = 'ioredis',
    transport = 'pubsub',
  }: { readonly client?: Client; readonly transport?: 'pubsub' | 'streams' } = {},
): BusHarness {
  const thrown: unknown[] = []
  const url = clusterUrl(cluster, client)
  const options = {
    transport,
    timeout: '500ms',
    maxPayloadBytes: 65_536,
    onError: (error: unknown) => thrown.push(error),
  } as const
  return {
    namespace: `ns${++harnessCount}`,
    thrown,
    program: busScript(url, { client, transport }),
    open: async () => redisBus(url, options),
    faults: { ...clusterFaults(cluster), cut: () => cutSubscriptions(cluster) },
    async injected() {
      const { opened, isOpen, end } = await openClusterClient(cluster, client)
      return { client: redisBus(opened, options), isOpen, end }
    },
    unreachable: { address: '127.0.0.1:1', open: async () => redisBus(unreachableUrl(client), options) },
    close: () => restartDeadNodes(cluster),
  }
}

/** Closes every connection with subscriptions. */
export async function cutSubscriptions({ nodes }: RedisCluster): Promise<void> {
  await Promise.all(
    nodes.map(async ({ url }) => {
      const admin = new Redis(url)
      await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
      admin.disconnect()
    }),
  )
}
