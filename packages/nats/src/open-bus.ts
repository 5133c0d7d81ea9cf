import type { ChangeBus } from '@sync/core'
import { NatsBus } from './bus.ts'
import { openConnection } from './connection/open.ts'
import { parseTarget } from './connection/target.ts'
import { CoreTransport } from './core-nats/transport.ts'
import { JetStreamTransport } from './jetstream/transport.ts'
import type { NatsBusOptions, NatsTarget } from './options.ts'
import { resolveBusOptions } from './settings.ts'

/**
 * A bus over NATS: plain subjects, or JetStream (`bus: 'jetstream'`). Has one connection, which is the client's own where one was
 * given. Options may stand in the URL's query. After `close` its calls reject with `SYNC_CLOSED`; with `SYNC_BUS_UNAVAILABLE` while no
 * server can be reached.
 * @throws ArgumentError (`SYNC_ARGUMENT`) for a target or option that is not what it should be
 */
export function natsBus(target: NatsTarget, options: NatsBusOptions = {}): ChangeBus {
  const parsed = parseTarget(target)
  const settings = resolveBusOptions({ ...parsed.options, ...options })
  const connection = openConnection(parsed, { timeout: settings.timeout, connection: options.connection })
  const transport = settings.transport === 'core' ? new CoreTransport(settings) : new JetStreamTransport(settings)
  return new NatsBus(connection, transport, settings)
}
