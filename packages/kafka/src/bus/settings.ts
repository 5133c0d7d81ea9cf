import { ArgumentError } from '@sync/core'
import { assertInteger, parseDuration, throwUncaught } from '@sync/core/adapter'
import type { ClientSettings } from '../client/settings.ts'
import { topicName } from '../names.ts'
import type { KafkaBusOptions } from '../options.ts'

/** Bus options with every default applied; durations are in milliseconds. */
export interface BusSettings extends ClientSettings {
  readonly client: 'kafkajs' | 'platformatic'
  readonly topic: string
  readonly partitions: number
  readonly replicas: number
  readonly retention: number
  readonly maxPayloadBytes: number
  readonly onError: (error: unknown) => void
}

/** Validates options and applies the defaults. @throws ArgumentError (`SYNC_ARGUMENT`) if an option is invalid; the message names it */
export function resolveBusOptions(brokers: readonly string[], options: KafkaBusOptions): BusSettings {
  const { client = 'kafkajs', tls = false, sasl, replicas = -1 } = options
  if (client !== 'kafkajs' && client !== 'platformatic')
    throw new ArgumentError(`client: expected 'kafkajs' or 'platformatic', got ${JSON.stringify(client)}`)
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
  // 150 characters leave room for the hash of a long partition name
  if (/^[A-Za-z0-9._-]{1,150}$/.test(topicName(template, 'p'))) return template
  throw new ArgumentError(
    `topic: expected 1 to 150 letters, digits, ".", "_", "-" and {partition}, got ${JSON.stringify(template)}`,
  )
}
