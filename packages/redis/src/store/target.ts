import { assertOptions, type OptionNames } from '@sync/core/adapter'
import { parseTargetUrl } from '../connection/open.ts'
import { type PartitionTargets, resolvePartitionTargets } from '../connection/targets.ts'
import { parseUrlOptions } from '../connection/url-options.ts'
import type { RedisStoreOptions, RedisTarget } from '../options.ts'
import { resolveStoreOptions, type StoreSettings } from './settings.ts'

/** Options of a store in a URL's query. */
export const URL_PARAMETERS = {
  client: ['ioredis', 'redis'],
  cluster: ['true', 'false'],
  timeout: 'duration',
  maxChanges: 'number',
  maxAge: 'duration',
  maxOpResults: 'number',
  maxOpResultBytes: 'number',
  opResultTtl: 'duration',
  lineageDepth: 'number',
  maxCommitBytes: 'number',
  publish: ['writer', 'outbox'],
  partitions: 'targets',
} as const

const OPTIONS: OptionNames<RedisStoreOptions> = {
  client: true,
  timeout: true,
  partitions: true,
  maxChanges: true,
  maxAge: true,
  maxOpResults: true,
  maxOpResultBytes: true,
  opResultTtl: true,
  lineageDepth: true,
  publish: true,
  maxCommitBytes: true,
}

/** Merges the options in the URL's query into the given ones, which take precedence. */
export const mergeStoreOptions = (url: URL | undefined, options: RedisStoreOptions): RedisStoreOptions =>
  url ? { ...parseUrlOptions<RedisStoreOptions>(url, URL_PARAMETERS), ...options } : options

/**
 * Validates a target and options without connecting.
 * @throws ArgumentError (`SYNC_ARGUMENT`) naming the invalid option
 */
export function resolveTarget(
  target: RedisTarget,
  options: RedisStoreOptions,
): { readonly settings: StoreSettings; readonly targets: PartitionTargets } {
  assertOptions(options, OPTIONS, 'redisStore()')
  const url = parseTargetUrl(target)
  const merged = mergeStoreOptions(url, options)
  const settings = resolveStoreOptions(merged)
  const targets = resolvePartitionTargets({ target, url }, merged)
  return { settings, targets }
}
