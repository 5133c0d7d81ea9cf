import { ArgumentError, type ChangeBus } from '@sync/core'
import { checkClient, checkTarget, leadsToCluster, openConnection } from '../connection/open.ts'
import { urlOptions } from '../connection/url-options.ts'
import type { RedisBusOptions, RedisTarget } from '../options.ts'
import { RedisBus } from './bus.ts'
import { pubsub } from './pubsub.ts'
import { resolveBusOptions } from './settings.ts'
import { streams } from './streams.ts'

const KINDS = { pubsub, streams } as const

const PARAMETERS = {
  client: ['ioredis', 'redis'],
  cluster: ['true', 'false'],
  bus: ['pubsub', 'streams'],
  timeout: 'duration',
  maxPayloadBytes: 'number',
  maxFrames: 'number',
} as const

/**
 * A bus over the Pub/Sub or the Streams of a Redis (7.0 or newer) or Valkey. Has a connection for commands, which is the client's own where one
 * was given, and always one of its own to listen on. Options may stand in the URL's query, and `cluster=true` where it leads to a Redis Cluster. After `close` its calls reject with `SYNC_CLOSED`; with
 * `SYNC_BUS_AWAY` while the server cannot be reached, and with `SYNC_REDIS` for what it refuses: a permission, a password.
 * @throws ArgumentError (`SYNC_ARGUMENT`) for a target or option that is not what it should be
 */
export function redisBus(target: RedisTarget, options: RedisBusOptions = {}): ChangeBus {
  const url = checkTarget(target)
  const chosen = url ? { ...urlOptions<RedisBusOptions>(url, PARAMETERS), ...options } : options
  const settings = resolveBusOptions(chosen)
  const kind = KINDS[chosen.bus ?? 'pubsub']
  if (!kind) throw new ArgumentError(`bus: one of ${Object.keys(KINDS).join(', ')} is needed`)
  if (kind === streams && leadsToCluster(target, url))
    throw new ArgumentError('bus: in a Redis Cluster there is pubsub alone')
  const client = checkClient(chosen.client)
  return new RedisBus(openConnection(target, { timeout: settings.timeout, client }), kind, settings)
}
