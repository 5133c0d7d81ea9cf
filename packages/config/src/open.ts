import { type ChangeBus, createSync, fanout, type Runtime, type Store, type Sync, type SyncOptions } from '@sync/core'
import type { SchemeAdapter } from './adapter.ts'
import { ConfigError } from './errors.ts'
import { adapterFor } from './scheme.ts'
import { readUrl, type Written } from './url.ts'

/** Options of {@link openSync}: those of `createSync`, with URLs for store and bus. */
export interface OpenOptions extends Omit<SyncOptions, 'store' | 'bus'> {
  /** Where the documents are kept. Default `memory:`, inside this process. */
  readonly store?: string
  /** What carries the changes; several: all of them at once, see `fanout`. Default `memory:`, inside this process. */
  readonly bus?: string | readonly string[]
}

/**
 * Opens an instance from URLs, importing the adapter for each scheme on demand.
 * @throws ConfigError (`SYNC_CONFIG`) for a URL that cannot be opened
 */
export async function openSync({ store = 'memory:', bus = 'memory:', ...options }: OpenOptions = {}): Promise<Sync> {
  const opened = await openStore(store)
  try {
    return createSync({ ...options, store: opened, bus: await openBuses(bus, options.runtime) })
  } catch (error) {
    await opened.close()
    throw error
  }
}

/** Opens a store from its URL. @throws ConfigError (`SYNC_CONFIG`) */
export async function openStore(url: string): Promise<Store> {
  const written = readUrl(url)
  const adapter = await adapterOf(written)
  if (!adapter.store) throw new ConfigError(`${written.url.protocol} URLs name a bus: there is no such store`)
  return adapter.store(written.url, url)
}

/** Opens a bus from its URL. @throws ConfigError (`SYNC_CONFIG`) */
export async function openBus(url: string): Promise<ChangeBus> {
  const written = readUrl(url)
  const adapter = await adapterOf(written)
  if (!adapter.bus) throw new ConfigError(`${written.url.protocol} URLs name a store: there is no such bus`)
  return adapter.bus(written.url, url)
}

async function adapterOf({ url, hosts }: Written): Promise<SchemeAdapter> {
  const adapter = await adapterFor(url)
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
