import { type RedisCluster, startRedisCluster } from '@sync/brokers'
import type { BusHarness, StoreHarness } from '@sync/conformance'
import { redisBus, redisStore } from '@sync/redis'
import { Cluster, Redis } from 'ioredis'

const LIMITS = { maxChanges: 400, maxAnswers: 500, maxCommitBytes: 262_144 }
const NOWHERE = 'redis://127.0.0.1:1?cluster=true&timeout=500ms'

let harnesses = 0

const urlOf = (cluster: RedisCluster): string => `${cluster.urls[0]}?cluster=true`

/** A cluster takes seconds to start: rules share it. A log is trimmed by whole nodes: of one entry each it is trimmed exactly. */
export const startTestCluster = (): Promise<RedisCluster> =>
  startRedisCluster({ config: { 'stream-node-max-entries': '1' } })

export const clusterStoreHarness = (cluster: RedisCluster): StoreHarness => ({
  namespace: `ns${++harnesses}`,
  limits: LIMITS,
  open: async () => redisStore(urlOf(cluster), LIMITS),
  nowhere: { address: '127.0.0.1:1', open: async () => redisStore(NOWHERE) },
  close: async () => {},
})

export function clusterBusHarness(cluster: RedisCluster): BusHarness {
  const thrown: unknown[] = []
  const options = {
    timeout: '500ms',
    maxPayloadBytes: 65_536,
    onError: (error: unknown) => thrown.push(error),
  } as const
  return {
    namespace: `ns${++harnesses}`,
    thrown,
    open: async () => redisBus(urlOf(cluster), options),
    faults: { cut: () => cutSubscriptions(cluster) },
    async injected() {
      const { hostname, port } = new URL(cluster.urls[0] ?? '')
      const given = new Cluster([{ host: hostname, port: Number(port) }])
      return {
        client: redisBus(given, options),
        isOpen: async () => (await given.get('nothing')) === null,
        end: async () => given.disconnect(),
      }
    },
    nowhere: { address: '127.0.0.1:1', open: async () => redisBus(NOWHERE, options) },
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
