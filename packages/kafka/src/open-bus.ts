import type { ChangeBus } from '@sync/core'
import { KafkaBus } from './bus/bus.ts'
import { resolveBusOptions } from './bus/settings.ts'
import { parseTarget } from './bus/target.ts'
import { openClient } from './client/open.ts'
import type { KafkaBusOptions, KafkaTarget } from './options.ts'

/**
 * A bus over Kafka, 3.3 or newer: every instance reads every partition of the topics that it needs, from exact offsets and without
 * a group. Options may stand in the URL's query. After `close` its calls reject with `SYNC_CLOSED`; with `SYNC_BUS_UNAVAILABLE` while the
 * brokers cannot be reached; with `SYNC_KAFKA` for what Kafka refuses.
 * @throws ArgumentError (`SYNC_ARGUMENT`) for a target or option that is not what it should be
 */
export function kafkaBus(target: KafkaTarget, options: KafkaBusOptions = {}): ChangeBus {
  const { brokers, options: given } = parseTarget(target)
  const settings = resolveBusOptions(brokers, { ...given, ...options })
  return new KafkaBus(openClient(settings.client, settings), settings)
}
