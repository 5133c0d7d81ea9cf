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
  /** Where the documents are kept. Default `memory:`, inside this process. */
  readonly store?: string
  /** What carries the changes; several: all of them at once, see `fanout`. Default `memory:`, inside this process. */
  readonly bus?: string | readonly string[]
}

/**
 * Opens an instance from URLs, importing the adapter for each scheme on demand.
 * @throws ConfigError (`SYNC_CONFIG`) for a URL that cannot be opened
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

/** Opens a store from its URL. @throws ConfigError (`SYNC_CONFIG`) */
export async function openStore(url: string): Promise<Store> {
  const parsed = parseUrl(url)
  const adapter = await adapterForHosts(parsed)
  if (!adapter.store) throw new ConfigError(`${parsed.url.protocol} URLs name a bus: there is no such store`)
  return adapter.store(parsed.url, url)
}

/** Opens a bus from its URL. @throws ConfigError (`SYNC_CONFIG`) */
export async function openBus(url: string): Promise<ChangeBus> {
  const parsed = parseUrl(url)
  const adapter = await adapterForHosts(parsed)
  if (!adapter.bus) throw new ConfigError(`${parsed.url.protocol} URLs name a store: there is no such bus`)
  return adapter.bus(parsed.url, url)
}

async function adapterForHosts({ url, hosts }: ParsedUrl): Promise<SchemeAdapter> {
  const adapter = await loadAdapter(url)
  if (hosts === 'one' || adapter.hosts === 'several') return adapter
  throw new ConfigError(`${url.protocol} URLs do not take several hosts with a port each`)
}

/** One bus, or several as one. Should one of them not open, none stays open. */
async function openBuses(urls: string | readonly string[], runtime: Runtime | undefined): Promise<ChangeBus> {
  if (typeof urls === 'string') return openBus(urls)
  if (urls.length === 0) throw new ConfigError('bus: one URL at least is needed')
  if (new Set(urls).size < urls.length) throw new ConfigError('bus: a URL is named twice')
  const opened = await Promise.allSettled(urls.map(openBus))
  const buses = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const failed = opened.find((each) => each.status === 'rejected')
  if (!failed) return fanout({ ...(runtime && { runtime }) }, ...buses)
  await Promise.all(buses.map((bus) => bus.close()))
  throw failed.reason
}
