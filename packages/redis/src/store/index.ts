import type { Store } from '@sync/core'
import { openConnection } from '../connection/open.ts'
import type { RedisStoreOptions, RedisTarget } from '../options.ts'
import { Pool } from '../pool/pool.ts'
import { PooledStore } from '../pool/store.ts'
import type { Home } from '../pool/targets.ts'
import { RedisStore } from './store.ts'
import { readTarget } from './target.ts'

/**
 * A store on a Redis (7.0 or newer) or Valkey. Opens its own connection to a URL at once; a client that is given is used and
 * left open. Options may stand in the URL's query, and `cluster=true` where it leads to a Redis Cluster. After `close` its calls reject with `SYNC_CLOSED`; with `SYNC_STORE_AWAY` while the server cannot be reached.
 * @throws ArgumentError (`SYNC_ARGUMENT`) for a target or option that is not what it should be
 */
export function redisStore(target: RedisTarget, options: RedisStoreOptions = {}): Store {
  const { settings, homes } = readTarget(target, options)
  const open = (home: Home): RedisStore => new RedisStore(openConnection(home.target, home), settings)
  return homes.partitions.size === 0 ? open(homes.main) : new PooledStore(new Pool(homes, open))
}
