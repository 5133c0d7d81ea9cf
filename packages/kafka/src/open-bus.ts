import type { ChangeBus } from '@sync/core'
import { assertOptions, createBus, type OptionNames } from '@sync/core/adapter'
import { KafkaTransport } from './bus/kafka-transport.ts'
import { resolveBusOptions } from './bus/settings.ts'
import { parseTarget } from './bus/target.ts'
import { openClient } from './client/open.ts'
import type { KafkaBusOptions, KafkaTarget } from './options.ts'

const OPTIONS: OptionNames<KafkaBusOptions> = {
  client: true,
  topic: true,
  partitions: true,
  replicas: true,
  retention: true,
  timeout: true,
  maxPayloadBytes: true,
  tls: true,
  sasl: true,
  onError: true,
}

/**
 * Opens a bus over Kafka 3.3 or newer. Every instance reads every Kafka partition of the topics that it needs, from exact offsets and
 * without a consumer group.
 *
 * Calls on the bus reject with
 * - `SYNC_BUS_UNAVAILABLE` while the brokers cannot be reached,
 * - `SYNC_KAFKA` if Kafka rejects them,
 * - `SYNC_CLOSED` after `close`.
 * @param target a URL, whose query may contain options, or a list of broker addresses
 * @param options take precedence over options in the URL
 * @throws ArgumentError (`SYNC_ARGUMENT`) if the target or an option is invalid
 */
export function kafkaBus(target: KafkaTarget, options: KafkaBusOptions = {}): ChangeBus {
  const { brokers, options: urlOptions } = parseTarget(target)
  assertOptions(options, OPTIONS, 'kafkaBus()')
  const settings = resolveBusOptions(brokers, { ...urlOptions, ...options })
  const transport = new KafkaTransport(openClient(settings.client, settings), settings)
  return createBus(transport, { onError: settings.onError })
}
