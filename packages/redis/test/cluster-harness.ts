import { type RedisCluster, startRedisCluster } from '@sync/brokers'
import type { BusHarness, StoreHarness } from '@sync/conformance'
import { redisBus, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { busScript } from './bus-harness.ts'
import { clusterFaults, clusterStoreFaults, restartDeadNodes } from './cluster-faults.ts'
import { openClusterClient } from './open-client.ts'
import { storeScript } from './store-harness.ts'

const LIMITS = { maxChanges: 400, maxOpResults: 500, maxCommitBytes: 262_144, timeout: '500ms' } as const
const nowhere = (client: Client): string => `redis://127.0.0.1:1?cluster=true&timeout=500ms&client=${client}`

let harnessCount = 0

type Client = 'ioredis' | 'redis'

/** A URL of the cluster, to be opened by `client`. */
export const clusterUrl = (cluster: RedisCluster, client: Client = 'ioredis'): string =>
  `${cluster.urls[0]}?cluster=true&client=${client}`

/** A cluster takes seconds to start: rules share it. A log is trimmed by whole nodes: of one entry each it is trimmed exactly. */
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
    unreachable: { address: '127.0.0.1:1', open: async () => redisStore(nowhere(client)) },
    close: () => restartDeadNodes(cluster),
  }
}

export function clusterBusHarness(
  cluster: RedisCluster,
  { client = 'ioredis', bus = 'pubsub' }: { readonly client?: Client; readonly bus?: 'pubsub' | 'streams' } = {},
): BusHarness {
  const thrown: unknown[] = []
  const url = clusterUrl(cluster, client)
  const options = {
    bus,
    timeout: '500ms',
    maxPayloadBytes: 65_536,
    onError: (error: unknown) => thrown.push(error),
  } as const
  return {
    namespace: `ns${++harnessCount}`,
    thrown,
    program: busScript(url, { client, bus }),
    open: async () => redisBus(url, options),
    faults: { ...clusterFaults(cluster), cut: () => cutSubscriptions(cluster) },
    async injected() {
      const { opened, isOpen, end } = await openClusterClient(cluster, client)
      return { client: redisBus(opened, options), isOpen, end }
    },
    unreachable: { address: '127.0.0.1:1', open: async () => redisBus(nowhere(client), options) },
    close: () => restartDeadNodes(cluster),
  }
}

/** Ends every line that something is heard on. */
export async function cutSubscriptions({ nodes }: RedisCluster): Promise<void> {
  await Promise.all(
    nodes.map(async ({ url }) => {
      const admin = new Redis(url)
      await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
      admin.disconnect()
    }),
  )
}
