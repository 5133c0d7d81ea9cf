import { ArgumentError } from '@sync/core'
import { assertOptions, type OptionNames } from '@sync/core/adapter'
import { parseTargetUrl } from '../connection/open.ts'
import { type PartitionTargets, resolvePartitionTargets } from '../connection/targets.ts'
import { parseUrlOptions } from '../connection/url-options.ts'
import type { RedisBusOptions, RedisTarget } from '../options.ts'
import { pubsub } from './pubsub.ts'
import { type BusSettings, resolveBusOptions } from './settings.ts'
import { streams } from './streams.ts'

const TRANSPORTS = { pubsub, streams } as const

/** Options of a bus in a URL's query. */
export const URL_PARAMETERS = {
  client: ['ioredis', 'redis'],
  cluster: ['true', 'false'],
  transport: ['pubsub', 'streams'],
  timeout: 'duration',
  maxPayloadBytes: 'number',
  maxFrames: 'number',
  partitions: 'targets',
} as const

const OPTIONS: OptionNames<RedisBusOptions> = {
  client: true,
  timeout: true,
  partitions: true,
  transport: true,
  maxPayloadBytes: true,
  maxFrames: true,
  onError: true,
}

/** A bus's target and options, validated. */
export interface ResolvedTarget {
  readonly kind: typeof pubsub | typeof streams
  readonly settings: BusSettings
  readonly targets: PartitionTargets
}

/**
 * Validates a target and options without connecting.
 * @throws ArgumentError (`SYNC_ARGUMENT`) naming the invalid option
 */
export function resolveTarget(target: RedisTarget, options: RedisBusOptions): ResolvedTarget {
  assertOptions(options, OPTIONS, 'redisBus()')
  const url = parseTargetUrl(target)
  const merged = url ? { ...parseUrlOptions<RedisBusOptions>(url, URL_PARAMETERS), ...options } : options
  const settings = resolveBusOptions(merged)
  const kind = TRANSPORTS[merged.transport ?? 'pubsub']
  if (!kind)
    throw new ArgumentError(`transport: expected 'pubsub' or 'streams', got ${JSON.stringify(merged.transport)}`)
  const targets = resolvePartitionTargets({ target, url }, merged)
  return { kind, settings, targets }
}
