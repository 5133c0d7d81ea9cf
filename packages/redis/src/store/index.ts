import type { Store } from '@sync/core'
import { milliseconds } from '@sync/core/adapter'
import { checkClient, checkOneServer, checkTarget, openConnection } from '../connection/open.ts'
import { urlOptions } from '../connection/url-options.ts'
import type { RedisStoreOptions, RedisTarget } from '../options.ts'
import { resolveStoreOptions } from './settings.ts'
import { RedisStore } from './store.ts'

const PARAMETERS = {
  client: ['ioredis', 'redis'],
  cluster: ['true', 'false'],
  timeout: 'duration',
  maxChanges: 'number',
  maxAge: 'duration',
  maxAnswers: 'number',
  maxAnswerText: 'number',
  opMemory: 'duration',
  lineage: 'number',
  maxCommitBytes: 'number',
  publish: ['writer', 'relay'],
} as const

/** The options of a store, those in the URL's query too. */
export const storeOptions = (url: URL | undefined, options: RedisStoreOptions): RedisStoreOptions =>
  url ? { ...urlOptions<RedisStoreOptions>(url, PARAMETERS), ...options } : options

/**
 * A store on a Redis (7.0 or newer) or Valkey. Opens its own connection to a URL at once; a client that is given is used and
 * left open. Options may stand in the URL's query, and `cluster=true` where it leads to a Redis Cluster. After `close` its calls reject with `SYNC_CLOSED`; with `SYNC_STORE_AWAY` while the server cannot be reached.
 * @throws ArgumentError (`SYNC_ARGUMENT`) for a target or option that is not what it should be
 */
export function redisStore(target: RedisTarget, options: RedisStoreOptions = {}): Store {
  const url = checkTarget(target)
  const chosen = storeOptions(url, options)
  if (chosen.publish === 'relay') checkOneServer(target, url)
  const settings = resolveStoreOptions(chosen)
  const timeout = milliseconds(chosen.timeout ?? '3s', 'timeout')
  return new RedisStore(openConnection(target, { timeout, client: checkClient(chosen.client) }), settings)
}
