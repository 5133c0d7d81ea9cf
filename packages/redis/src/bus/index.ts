import type { ChangeBus } from '@sync/core'
import { checkTarget, openConnection } from '../connection/open.ts'
import { urlOptions } from '../connection/url-options.ts'
import type { RedisBusOptions, RedisTarget } from '../options.ts'
import { PubSubBus } from './pubsub.ts'
import { resolveBusOptions } from './settings.ts'

const PARAMETERS = { bus: ['pubsub'], timeout: 'duration', maxPayloadBytes: 'number' } as const

/**
 * A bus over the Pub/Sub of a Redis (7.0 or newer) or Valkey. Has a connection for commands, which is the client's own where one
 * was given, and always one of its own for subscriptions. Options may stand in the URL's query. After `close` its calls reject with `SYNC_CLOSED`; with
 * `SYNC_BUS_AWAY` while the server cannot be reached.
 * @throws ArgumentError (`SYNC_ARGUMENT`) for a target or option that is not what it should be
 */
export function redisBus(target: RedisTarget, options: RedisBusOptions = {}): ChangeBus {
  const url = checkTarget(target)
  const { bus: _, ...given } = url ? urlOptions<RedisBusOptions & { bus: 'pubsub' }>(url, PARAMETERS) : {}
  const settings = resolveBusOptions({ ...given, ...options })
  return new PubSubBus(openConnection(target, settings), settings)
}
