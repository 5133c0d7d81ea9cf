import type { ChangeBus } from '@sync/core'
import { RedisBus } from './bus/bus.ts'
import { resolveTarget } from './bus/target.ts'
import { openConnection } from './connection/open.ts'
import type { PartitionTarget } from './connection/targets.ts'
import type { RedisBusOptions, RedisTarget } from './options.ts'
import { PartitionedBus } from './partitioned/bus.ts'
import { PartitionRouter } from './partitioned/partition-router.ts'

/**
 * A bus over the Pub/Sub or the Streams of a Redis (7.0 or newer) or Valkey. Has a connection for commands, which is the client's own where one
 * was given, and always one of its own to listen on. Options may stand in the URL's query, and `cluster=true` where it leads to a Redis Cluster. After `close` its calls reject with `SYNC_CLOSED`; with
 * `SYNC_BUS_UNAVAILABLE` while the server cannot be reached, and with `SYNC_REDIS` for what it refuses: a permission, a password.
 * @throws ArgumentError (`SYNC_ARGUMENT`) for a target or option that is not what it should be
 */
export function redisBus(target: RedisTarget, options: RedisBusOptions = {}): ChangeBus {
  const { kind, settings, targets } = resolveTarget(target, options)
  // how long a read may wait depends on its own line
  const open = (partitionTarget: PartitionTarget): RedisBus =>
    new RedisBus(openConnection(partitionTarget.target, partitionTarget), kind, {
      ...settings,
      timeout: partitionTarget.timeout,
    })
  return targets.partitions.size === 0
    ? open(targets.main)
    : new PartitionedBus(new PartitionRouter(targets, open), settings.onError)
}
