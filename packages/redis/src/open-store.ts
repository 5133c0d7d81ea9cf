import type { Store } from '@sync/core'
import { openConnection } from './connection/open.ts'
import type { PartitionTarget } from './connection/targets.ts'
import type { RedisStoreOptions, RedisTarget } from './options.ts'
import { PartitionRouter } from './partitioned/partition-router.ts'
import { PartitionedStore } from './partitioned/store.ts'
import { RedisStore } from './store/store.ts'
import { resolveTarget } from './store/target.ts'

/**
 * Opens a store on Redis (7.0 or newer) or Valkey.
 *
 * Connects to a URL immediately. A client passed as the target is used as it is and stays open on `close`. A URL may contain
 * options as query parameters; a URL of a Redis Cluster needs `cluster=true`.
 *
 * Calls reject with
 * - `StoreUnavailableError` (`SYNC_STORE_UNAVAILABLE`) while the server is unavailable,
 * - `RedisError` (`SYNC_REDIS`) if the server rejects the call: a missing permission, a wrong password,
 * - `ClosedError` (`SYNC_CLOSED`) after `close`.
 *
 * @throws ArgumentError (`SYNC_ARGUMENT`) if the target or an option is invalid
 */
export function redisStore(target: RedisTarget, options: RedisStoreOptions = {}): Store {
  const { settings, targets } = resolveTarget(target, options)
  const open = (partitionTarget: PartitionTarget): RedisStore =>
    new RedisStore(openConnection(partitionTarget.target, partitionTarget), settings)
  return targets.partitions.size === 0 ? open(targets.main) : new PartitionedStore(new PartitionRouter(targets, open))
}
