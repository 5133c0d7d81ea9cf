import {
  type ChangeBus,
  createInstance,
  fanout,
  type Runtime,
  type Store,
  type SyncInstance,
  type SyncInstanceOptions,
} from '@sync/core'
import type { SchemeAdapter } from './adapter.ts'
import { ConfigError } from './errors.ts'
import { loadAdapter } from './scheme.ts'
import { type ParsedUrl, parseUrl } from './url.ts'

/** Options of {@link connect}: those of `createInstance`, with URLs for store and bus. */
export interface ConnectOptions extends Omit<SyncInstanceOptions, 'store' | 'bus'> {
  /**
   * URL of the store.
   * @default 'memory:', a store inside this process
   */
  readonly store?: string
  /**
   * URL of the bus, or URLs of several buses that are used as one, see `fanout`.
   * @default 'memory:', a bus inside this process
   */
  readonly bus?: string | readonly string[]
}

/**
 * Opens an instance from URLs. The adapter of each scheme is imported on demand. Resolves before the servers are reachable.
 * @throws ConfigError (`SYNC_CONFIG`) if a URL cannot be opened
 */
export async function connect({
  store = 'memory:',
  bus = 'memory:',
  ...options
}: ConnectOptions = {}): Promise<SyncInstance> {
  const opened = await openStore(store)
  try {
    return createInstance({ ...options, store: opened, bus: await openBuses(bus, options.runtime) })
  } catch (error) {
    await opened.close()
    throw error
  }
}

/** Opens a store from its URL. @throws ConfigError (`SYNC_CONFIG`) if the URL cannot be opened, or its scheme has no store */
export async function openStore(url: string): Promise<Store> {
  const parsed = parseUrl(url)
  const adapter = await adapterForHosts(parsed)
  if (!adapter.store) throw new ConfigError(`${parsed.url.protocol} expected the URL of a store, got that of a bus`)
  return adapter.store(parsed.url, url)
}

/** Opens a bus from its URL. @throws ConfigError (`SYNC_CONFIG`) if the URL cannot be opened, or its scheme has no bus */
export async function openBus(url: string): Promise<ChangeBus> {
  const parsed = parseUrl(url)
  const adapter = await adapterForHosts(parsed)
  if (!adapter.bus) throw new ConfigError(`${parsed.url.protocol} expected the URL of a bus, got that of a store`)
  return adapter.bus(parsed.url, url)
}

async function adapterForHosts({ url, hosts }: ParsedUrl): Promise<SchemeAdapter> {
  const adapter = await loadAdapter(url)
  if (hosts === 'one' || adapter.hosts === 'several') return adapter
  throw new ConfigError(`${url.protocol} expected a URL with one host, got several`)
}

/** Opens one bus, or several as a `fanout`. If one of them fails to open, the others are closed. */
async function openBuses(urls: string | readonly string[], runtime: Runtime | undefined): Promise<ChangeBus> {
  if (typeof urls === 'string') return openBus(urls)
  if (urls.length === 0) throw new ConfigError('bus: expected at least one URL, got none')
  if (new Set(urls).size < urls.length) throw new ConfigError('bus: expected different URLs, got the same URL twice')
  const opened = await Promise.allSettled(urls.map(openBus))
  const buses = opened.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  const failed = opened.find((outcome) => outcome.status === 'rejected')
  if (!failed) return fanout({ ...(runtime && { runtime }) }, ...buses)
  await Promise.all(buses.map((bus) => bus.close()))
  throw failed.reason
}
