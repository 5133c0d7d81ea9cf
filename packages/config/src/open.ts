import {
  type ChangeBus,
  createInstance,
  fanout,
  type Runtime,
  type Store,
  type SyncInstance,
  type SyncInstanceOptions,
} from '@sync/core'
import type { Diagnosis, SectionRef, SectionSummary } from '@sync/core/adapter'
import type { SchemeAdapter } from './adapter.ts'
import { ConfigError } from './errors.ts'
import { loadAdapter } from './scheme.ts'
import { type ParsedUrl, parseUrl } from './url.ts'

/** Options of {@link connect}: those of `createInstance`, with URLs for store and bus. */
export interface ConnectOptions extends Omit<SyncInstanceOptions, 'store' | 'bus'> {
  /** URL of the store, such as `redis://localhost:6379`; `memory:` keeps the documents inside this process. */
  readonly store: string
  /** URL of the bus, such as `nats://localhost:4222`; with several, the instance uses all of them (see `fanout`). */
  readonly bus: string | readonly string[]
}

/**
 * Opens an instance from URLs, importing the adapter for each scheme on demand.
 *
 * Both URLs are required: a missing one means a missing environment variable more often than an in-memory store.
 * @throws ConfigError (`SYNC_CONFIG`) if a URL is missing or cannot be opened
 */
export async function connect(options: ConnectOptions): Promise<SyncInstance> {
  const { store, bus, ...instanceOptions } = options ?? {}
  assertUrl(store, 'store', 'redis://localhost:6379')
  if (Array.isArray(bus))
    for (const [index, url] of bus.entries()) assertUrl(url, `bus[${index}]`, 'nats://localhost:4222')
  else assertUrl(bus, 'bus', 'nats://localhost:4222')
  const openedStore = await openStore(store)
  try {
    const openedBus = await openBuses(bus, instanceOptions.runtime)
    try {
      return createInstance({ ...instanceOptions, store: openedStore, bus: openedBus })
    } catch (error) {
      await openedBus.close()
      throw error
    }
  } catch (error) {
    await openedStore.close()
    throw error
  }
}

function assertUrl(url: unknown, name: string, example: string): asserts url is string {
  if (typeof url === 'string' && url !== '') return
  const got = url === '' ? '""' : url === null || url === undefined ? String(url) : `a value of type ${typeof url}`
  throw new ConfigError(
    `${name}: expected a URL, got ${got}; set it, for example to '${example}', or to 'memory:' for a single process`,
  )
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

/**
 * Checks whether the server of a URL is fit for its adapter, and yields each result as soon as it is known. Yields nothing for an
 * adapter without checks.
 * @throws ConfigError (`SYNC_CONFIG`) if the URL cannot be opened
 */
export async function* diagnose(url: string): AsyncGenerator<Diagnosis, undefined> {
  const parsed = parseUrl(url)
  const adapter = await adapterForHosts(parsed)
  if (adapter.diagnose) yield* adapter.diagnose(parsed.url, url)
}

/**
 * Lists the sections of a store. With `only`, yields this section if it exists. Changes nothing in the store.
 * @throws ConfigError (`SYNC_CONFIG`) if the URL cannot be opened, or its adapter cannot list sections
 */
export async function* listSections(url: string, only?: SectionRef): AsyncGenerator<SectionSummary, undefined> {
  const parsed = parseUrl(url)
  const adapter = await adapterForHosts(parsed)
  if (!adapter.sections)
    throw new ConfigError(`${parsed.url.protocol} expected an adapter that lists sections, got none`)
  yield* adapter.sections(parsed.url, url, only)
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
