import type { ChangeBus } from '@sync/core'
import { createBus } from '@sync/core/adapter'
import { RedisTransport } from './bus/redis-transport.ts'
import { resolveTarget } from './bus/target.ts'
import { openConnection } from './connection/open.ts'
import type { PartitionTarget } from './connection/targets.ts'
import type { RedisBusOptions, RedisTarget } from './options.ts'
import { PartitionedBus } from './partitioned/bus.ts'
import { PartitionRouter } from './partitioned/partition-router.ts'

/**
 * Opens a bus over Pub/Sub or Streams of Redis (7.0 or newer) or Valkey.
 *
 * A client passed as the target is used for commands and stays open on `close`. The bus always subscribes on a connection of its
 * own. A URL may contain options as query parameters; a URL of a Redis Cluster needs `cluster=true`.
 *
 * Calls reject with
 * - `BusUnavailableError` (`SYNC_BUS_UNAVAILABLE`) while the server is unavailable,
 * - `RedisError` (`SYNC_REDIS`) if the server rejects the call: a missing permission, a wrong password,
 * - `ClosedError` (`SYNC_CLOSED`) after `close`.
 *
 * @throws ArgumentError (`SYNC_ARGUMENT`) if the target or an option is invalid
 */
export function redisBus(target: RedisTarget, options: RedisBusOptions = {}): ChangeBus {
  const { kind, settings, targets } = resolveTarget(target, options)
  // a blocking read must end within its own connection's timeout
  const open = (partitionTarget: PartitionTarget) => {
    const connection = openConnection(partitionTarget.target, partitionTarget)
    const transport = new RedisTransport(connection, kind, { ...settings, timeout: partitionTarget.timeout })
    return createBus(transport, { onError: settings.onError })
  }
  return targets.partitions.size === 0
    ? open(targets.main)
    : new PartitionedBus(new PartitionRouter(targets, open), settings.onError)
}
