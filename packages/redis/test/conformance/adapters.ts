import type { Adapter } from '@sync/conformance'
import { redisBusHarness } from '../bus-harness.ts'
import { clusterBusHarness, clusterStoreHarness, startTestCluster } from '../cluster-harness.ts'
import { clusterSyncHarness } from '../cluster-sync-harness.ts'
import { redisStoreHarness } from '../store-harness.ts'
import { redisSyncHarness } from '../sync-harness.ts'

let started: ReturnType<typeof startTestCluster> | undefined

/** Starts one cluster for all rules. It ends with the process. */
const cluster = (): NonNullable<typeof started> => (started ??= startTestCluster())

/** Stores and buses on Redis, Redis Cluster and Valkey, over both client packages. */
const adapters: readonly Adapter[] = [
  {
    name: 'redis',
    store: () => redisStoreHarness(),
    bus: () => redisBusHarness('pubsub'),
    sync: () => redisSyncHarness(),
  },
  { name: 'redis-pool', sync: () => redisSyncHarness({ partitioned: true }) },
  { name: 'redis-relay', sync: () => redisSyncHarness({ relayed: true }) },
  {
    name: 'redis-cluster',
    store: async () => clusterStoreHarness(await cluster()),
    bus: async () => clusterBusHarness(await cluster()),
    sync: async () => clusterSyncHarness(await cluster()),
  },
  {
    name: 'redis-cluster-by-node-redis',
    store: async () => clusterStoreHarness(await cluster(), 'redis'),
    bus: async () => clusterBusHarness(await cluster(), { client: 'redis' }),
    sync: async () => clusterSyncHarness(await cluster(), { client: 'redis' }),
  },
  { name: 'redis-cluster-relay', sync: async () => clusterSyncHarness(await cluster(), { relayed: true }) },
  { name: 'redis-cluster-streams', bus: async () => clusterBusHarness(await cluster(), { transport: 'streams' }) },
  {
    name: 'redis-cluster-streams-by-node-redis',
    bus: async () => clusterBusHarness(await cluster(), { client: 'redis', transport: 'streams' }),
  },
  { name: 'redis-streams', bus: () => redisBusHarness('streams') },
  {
    name: 'redis-by-node-redis',
    store: () => redisStoreHarness({ client: 'redis' }),
    bus: () => redisBusHarness('pubsub', { client: 'redis' }),
  },
  { name: 'redis-streams-by-node-redis', bus: () => redisBusHarness('streams', { client: 'redis' }) },
  {
    name: 'valkey',
    store: () => redisStoreHarness({ flavor: 'valkey' }),
    bus: () => redisBusHarness('pubsub', { flavor: 'valkey' }),
  },
  { name: 'valkey-streams', bus: () => redisBusHarness('streams', { flavor: 'valkey' }) },
]

export default adapters
