import { ArgumentError } from '@sync/core'
import { parseDuration } from '@sync/core/adapter'
import { openConnection, parseTargetUrl } from './connection/open.ts'
import { resolvePartitionTargets } from './connection/targets.ts'
import type { RedisRelay, RedisRelayOptions, RedisTarget } from './options.ts'
import { Relay } from './relay/relay.ts'
import { resolveStoreOptions } from './store/settings.ts'
import { mergeStoreOptions } from './store/target.ts'

/** Shorter, and a pause of the process would cost it. */
const MIN_LEASE_MS = 100

/**
 * Publishes on `bus` what stores with `publish: 'outbox'` have committed on this Redis, and database: every change once at
 * least, those of a section in their order. Of several relays one works, the others wait for its lease. `target` is that of
 * the stores, options of theirs in its query included; it may be a Redis Cluster.
 * @throws ArgumentError (`SYNC_ARGUMENT`) for a target or option that is not what it should be
 */
export function redisRelay(target: RedisTarget, { bus, lease = '2s', ...options }: RedisRelayOptions): RedisRelay {
  const url = parseTargetUrl(target)
  if (typeof bus?.publish !== 'function') throw new ArgumentError('bus: a bus is needed')
  const merged = mergeStoreOptions(url, options)
  if (merged.partitions) throw new ArgumentError('partitions: a relay is for one server or cluster, each has its own')
  const ms = parseDuration(lease, 'lease')
  if (ms < MIN_LEASE_MS) throw new ArgumentError(`lease: ${MIN_LEASE_MS} ms at the least`)
  return new Relay(openConnection(target, resolvePartitionTargets({ target, url }, merged).main), {
    bus,
    lease: Math.ceil(ms),
    settings: resolveStoreOptions(merged),
  })
}
