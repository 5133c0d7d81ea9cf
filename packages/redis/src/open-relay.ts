import { ArgumentError } from '@sync/core'
import { assertOptions, type OptionNames, parseDuration } from '@sync/core/adapter'
import { openConnection, parseTargetUrl } from './connection/open.ts'
import { resolvePartitionTargets } from './connection/targets.ts'
import type { RedisRelay, RedisRelayOptions, RedisTarget } from './options.ts'
import { Relay } from './relay/relay.ts'
import { resolveStoreOptions } from './store/settings.ts'
import { mergeStoreOptions } from './store/target.ts'

/** Minimum lease. A shorter one would be lost by a mere pause of the process. */
const MIN_LEASE_MS = 100

const OPTIONS: OptionNames<RedisRelayOptions> = { bus: true, lease: true, client: true, timeout: true }

/**
 * Opens an outbox relay: publishes on `bus` the changes that stores with `publish: 'outbox'` commit to this Redis database.
 * Every change is published at least once, and a section's changes in order. Of several relays one is active; the others wait for
 * its lease.
 *
 * `target` is the stores' target, and may contain their options as query parameters. It may be a Redis Cluster.
 * @throws ArgumentError (`SYNC_ARGUMENT`) if the target or an option is invalid
 */
export function redisRelay(target: RedisTarget, relayOptions: RedisRelayOptions): RedisRelay {
  assertOptions(relayOptions, OPTIONS, 'redisRelay()')
  const { bus, lease = '2s', ...options } = relayOptions
  const url = parseTargetUrl(target)
  if (typeof bus?.publish !== 'function') throw new ArgumentError('bus: expected a ChangeBus')
  const merged = mergeStoreOptions(url, options)
  if (merged.partitions)
    throw new ArgumentError('partitions: not supported by a relay; open one relay per server or cluster')
  const ms = parseDuration(lease, 'lease')
  if (ms < MIN_LEASE_MS) throw new ArgumentError(`lease: expected at least ${MIN_LEASE_MS} ms, got ${ms} ms`)
  return new Relay(openConnection(target, resolvePartitionTargets({ target, url }, merged).main), {
    bus,
    lease: Math.ceil(ms),
    settings: resolveStoreOptions(merged),
  })
}
