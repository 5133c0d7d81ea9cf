import type { ChangeBus } from '@sync/core'
import { openLink } from '../connection/open.ts'
import { readTarget } from '../connection/target.ts'
import { JetStreamMedium } from '../jetstream/medium.ts'
import type { NatsBusOptions, NatsTarget } from '../options.ts'
import { NatsBus } from './bus.ts'
import { CoreMedium } from './core.ts'
import { resolveOptions } from './settings.ts'

/**
 * A bus over NATS: plain subjects, or JetStream (`bus: 'jetstream'`). Has one connection, which is the client's own where one was
 * given. Options may stand in the URL's query. After `close` its calls reject with `SYNC_CLOSED`; with `SYNC_BUS_AWAY` while no
 * server can be reached.
 * @throws ArgumentError (`SYNC_ARGUMENT`) for a target or option that is not what it should be
 */
export function natsBus(target: NatsTarget, options: NatsBusOptions = {}): ChangeBus {
  const place = readTarget(target)
  const settings = resolveOptions({ ...place.options, ...options })
  const link = openLink(place, { timeout: settings.timeout, connection: options.connection })
  const medium = settings.bus === 'core' ? new CoreMedium(settings) : new JetStreamMedium(settings)
  return new NatsBus(link, medium, settings)
}
