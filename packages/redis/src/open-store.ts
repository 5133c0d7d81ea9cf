import type { Store } from '@sync/core'
import { openConnection } from './connection/open.ts'
import type { PartitionTarget } from './connection/targets.ts'
import type { RedisStoreOptions, RedisTarget } from './options.ts'
import { PartitionRouter } from './partitioned/partition-router.ts'
import { PartitionedStore } from './partitioned/store.ts'
import { RedisStore } from './store/store.ts'
import { resolveTarget } from './store/target.ts'

/**
 * A store on a Redis (7.0 or newer) or Valkey. Opens its own connection to a URL at once; a client that is given is used and
 * left open. Options may stand in the URL's query, and `cluster=true` where it leads to a Redis Cluster. After `close` its calls reject with `SYNC_CLOSED`; with `SYNC_STORE_UNAVAILABLE` while the server cannot be reached.
 * @throws ArgumentError (`SYNC_ARGUMENT`) for a target or option that is not what it should be
 */
export function redisStore(target: RedisTarget, options: RedisStoreOptions = {}): Store {
  const { settings, targets } = resolveTarget(target, options)
  const open = (partitionTarget: PartitionTarget): RedisStore =>
    new RedisStore(openConnection(partitionTarget.target, partitionTarget), settings)
  return targets.partitions.size === 0 ? open(targets.main) : new PartitionedStore(new PartitionRouter(targets, open))
}
