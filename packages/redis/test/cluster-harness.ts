import { type RedisCluster, startRedisCluster } from '@sync/brokers'
import type { BusHarness, StoreHarness } from '@sync/conformance'
import { redisBus, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { openClusterClient } from './open-client.ts'

const LIMITS = { maxChanges: 400, maxAnswers: 500, maxCommitBytes: 262_144 }
const nowhere = (client: Client): string => `redis://127.0.0.1:1?cluster=true&timeout=500ms&client=${client}`

let harnesses = 0

type Client = 'ioredis' | 'redis'

/** A URL of the cluster, to be opened by `client`. */
export const clusterUrl = (cluster: RedisCluster, client: Client = 'ioredis'): string =>
  `${cluster.urls[0]}?cluster=true&client=${client}`

/** A cluster takes seconds to start: rules share it. A log is trimmed by whole nodes: of one entry each it is trimmed exactly. */
export const startTestCluster = (): Promise<RedisCluster> =>
  startRedisCluster({ config: { 'stream-node-max-entries': '1' } })

export const clusterStoreHarness = (cluster: RedisCluster, client: Client = 'ioredis'): StoreHarness => ({
  namespace: `ns${++harnesses}`,
  limits: LIMITS,
  open: async () => redisStore(clusterUrl(cluster, client), LIMITS),
  nowhere: { address: '127.0.0.1:1', open: async () => redisStore(nowhere(client)) },
  close: async () => {},
})

export function clusterBusHarness(
  cluster: RedisCluster,
  { client = 'ioredis', bus = 'pubsub' }: { readonly client?: Client; readonly bus?: 'pubsub' | 'streams' } = {},
): BusHarness {
  const thrown: unknown[] = []
  const options = {
    bus,
    timeout: '500ms',
    maxPayloadBytes: 65_536,
    onError: (error: unknown) => thrown.push(error),
  } as const
  return {
    namespace: `ns${++harnesses}`,
    thrown,
    open: async () => redisBus(clusterUrl(cluster, client), options),
    faults: { cut: () => cutSubscriptions(cluster) },
    async injected() {
      const { opened, isOpen, end } = await openClusterClient(cluster, client)
      return { client: redisBus(opened, options), isOpen, end }
    },
    nowhere: { address: '127.0.0.1:1', open: async () => redisBus(nowhere(client), options) },
    close: async () => {},
  }
}

/** Ends every line that something is heard on. */
async function cutSubscriptions({ nodes }: RedisCluster): Promise<void> {
  await Promise.all(
    nodes.map(async ({ url }) => {
      const admin = new Redis(url)
      await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
      admin.disconnect()
    }),
  )
}
