import type { ChangeBus } from '@sync/core'
import { openConnection } from '../connection/open.ts'
import type { RedisBusOptions, RedisTarget } from '../options.ts'
import { PooledBus } from '../pool/bus.ts'
import { Pool } from '../pool/pool.ts'
import type { Home } from '../pool/targets.ts'
import { RedisBus } from './bus.ts'
import { readTarget } from './target.ts'

/**
 * A bus over the Pub/Sub or the Streams of a Redis (7.0 or newer) or Valkey. Has a connection for commands, which is the client's own where one
 * was given, and always one of its own to listen on. Options may stand in the URL's query, and `cluster=true` where it leads to a Redis Cluster. After `close` its calls reject with `SYNC_CLOSED`; with
 * `SYNC_BUS_AWAY` while the server cannot be reached, and with `SYNC_REDIS` for what it refuses: a permission, a password.
 * @throws ArgumentError (`SYNC_ARGUMENT`) for a target or option that is not what it should be
 */
export function redisBus(target: RedisTarget, options: RedisBusOptions = {}): ChangeBus {
  const { kind, settings, homes } = readTarget(target, options)
  // how long a read may wait depends on its own line
  const open = (home: Home): RedisBus =>
    new RedisBus(openConnection(home.target, home), kind, { ...settings, timeout: home.timeout })
  return homes.partitions.size === 0 ? open(homes.main) : new PooledBus(new Pool(homes, open), settings.onError)
}
