import { milliseconds } from '@sync/core/adapter'
import { checkClient, checkOneServer, checkTarget, type OpenOptions } from '../connection/open.ts'
import { urlOptions } from '../connection/url-options.ts'
import type { RedisStoreOptions, RedisTarget } from '../options.ts'
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
} as const

/** The options of a store, those in the URL's query too. */
export const storeOptions = (url: URL | undefined, options: RedisStoreOptions): RedisStoreOptions =>
  url ? { ...urlOptions<RedisStoreOptions>(url, PARAMETERS), ...options } : options

/** What a target and options mean; nothing is opened. @throws ArgumentError (`SYNC_ARGUMENT`) naming what is wrong */
export function readTarget(
  target: RedisTarget,
  options: RedisStoreOptions,
): OpenOptions & { readonly settings: StoreSettings } {
  const url = checkTarget(target)
  const chosen = storeOptions(url, options)
  if (chosen.publish === 'relay') checkOneServer(target, url)
  const settings = resolveStoreOptions(chosen)
  const timeout = milliseconds(chosen.timeout ?? '3s', 'timeout')
  return { settings, timeout, client: checkClient(chosen.client) }
}
