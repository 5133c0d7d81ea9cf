import type { ChangeBus } from '@sync/core'
import { assertOptions, createBus, type OptionNames } from '@sync/core/adapter'
import { openConnection } from './connection/open.ts'
import { parseTarget } from './connection/target.ts'
import { CoreMessaging } from './core-nats/messaging.ts'
import { JetStreamMessaging } from './jetstream/messaging.ts'
import { NatsTransport } from './nats-transport.ts'
import type { NatsBusOptions, NatsTarget } from './options.ts'
import { resolveBusOptions } from './settings.ts'

const OPTIONS: OptionNames<NatsBusOptions> = {
  transport: true,
  prefix: true,
  timeout: true,
  maxPayloadBytes: true,
  maxAge: true,
  maxMessages: true,
  maxBytes: true,
  replicas: true,
  connection: true,
  onError: true,
}

/**
 * Opens a bus over NATS: plain subjects, or JetStream with `transport: 'jetstream'`. The bus uses one connection, which it opens in
 * the background; `close` leaves a connection that was passed in open.
 *
 * Calls on the bus reject with
 * - `SYNC_BUS_UNAVAILABLE` while no server can be reached,
 * - `SYNC_NATS` if the server denies them,
 * - `SYNC_CLOSED` after `close`.
 * @param target a URL, whose query may contain options, or an open connection
 * @param options take precedence over options in the URL
 * @throws ArgumentError (`SYNC_ARGUMENT`) if the target or an option is invalid
 */
export function natsBus(target: NatsTarget, options: NatsBusOptions = {}): ChangeBus {
  const parsedTarget = parseTarget(target)
  assertOptions(options, OPTIONS, 'natsBus()')
  const settings = resolveBusOptions({ ...parsedTarget.options, ...options })
  const connection = openConnection(parsedTarget, { timeout: settings.timeout, connection: options.connection })
  const messaging = settings.transport === 'core' ? new CoreMessaging(settings) : new JetStreamMessaging(settings)
  return createBus(new NatsTransport(connection, messaging), { onError: settings.onError })
}
