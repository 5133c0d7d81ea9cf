import { ArgumentError } from '@sync/core'
import { assertInteger, parseDuration, throwUncaught } from '@sync/core/adapter'
import type { ClientSettings } from '../client/settings.ts'
import { topicName } from '../names.ts'
import type { KafkaBusOptions } from '../options.ts'

/** Bus options with every default filled in, durations in ms. */
export interface BusSettings extends ClientSettings {
  readonly client: 'kafkajs' | 'platformatic'
  readonly topic: string
  readonly partitions: number
  readonly replicas: number
  readonly retention: number
  readonly maxPayloadBytes: number
  readonly onError: (error: unknown) => void
}

/** Fills in the defaults. @throws ArgumentError (`SYNC_ARGUMENT`) naming the option that is out of range. */
export function resolveBusOptions(brokers: readonly string[], options: KafkaBusOptions): BusSettings {
  const { client = 'kafkajs', tls = false, sasl, replicas = -1 } = options
  if (client !== 'kafkajs' && client !== 'platformatic')
    throw new ArgumentError(`client: "${String(client)}" is none of kafkajs, platformatic`)
  return {
    brokers,
    client,
    topic: checkTopic(options.topic ?? 'sync.{partition}'),
    partitions: assertInteger(options.partitions ?? 4, 'partitions', 1),
    replicas: replicas === -1 ? -1 : assertInteger(replicas, 'replicas', 1),
    retention: parseDuration(options.retention ?? '1h', 'retention'),
    timeout: parseDuration(options.timeout ?? '3s', 'timeout'),
    maxPayloadBytes: assertInteger(options.maxPayloadBytes ?? 983_040, 'maxPayloadBytes', 1_024),
    tls: tls === true ? {} : tls === false ? undefined : tls,
    sasl,
    onError: options.onError ?? throwUncaught,
  }
}

function checkTopic(template: string): string {
  // room for the hash of a long name
  if (/^[A-Za-z0-9._-]{1,150}$/.test(topicName(template, 'p'))) return template
  throw new ArgumentError(`topic: letters, digits, ".", "_", "-" and {partition}, 150 at the most: "${template}"`)
}
