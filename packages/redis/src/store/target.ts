import { checkTarget } from '../connection/open.ts'
import { urlOptions } from '../connection/url-options.ts'
import type { RedisStoreOptions, RedisTarget } from '../options.ts'
import { type Homes, homesOf } from '../pool/targets.ts'
import { resolveStoreOptions, type StoreSettings } from './settings.ts'

const PARAMETERS = {
  client: ['ioredis', 'redis'],
  cluster: ['true', 'false'],
  timeout: 'duration',
  maxChanges: 'number',
  maxAge: 'duration',
  maxAnswers: 'number',
  maxAnswerText: 'number',
  opMemory: 'duration',
  lineage: 'number',
  maxCommitBytes: 'number',
  publish: ['writer', 'relay'],
  partitions: 'targets',
} as const

/** The options of a store, those in the URL's query too. */
export const storeOptions = (url: URL | undefined, options: RedisStoreOptions): RedisStoreOptions =>
  url ? { ...urlOptions<RedisStoreOptions>(url, PARAMETERS), ...options } : options

/** What a target and options mean; nothing is opened. @throws ArgumentError (`SYNC_ARGUMENT`) naming what is wrong */
export function readTarget(
  target: RedisTarget,
  options: RedisStoreOptions,
): { readonly settings: StoreSettings; readonly homes: Homes } {
  const url = checkTarget(target)
  const chosen = storeOptions(url, options)
  const settings = resolveStoreOptions(chosen)
  const homes = homesOf({ target, url }, chosen)
  return { settings, homes }
}
