import { type BrokerName, startBroker } from './brokers.ts'
import { memoryServer, registerMemory } from './memory.ts'
import type { Backend, Server } from './server.ts'

/** Options of the catalogue. */
export interface CatalogueOptions {
  /** Store URLs, of which the first is used at the start. Default: the first broker that is a store, otherwise memory. */
  readonly stores?: readonly string[]
  /** Bus URLs, of which the first is used at the start. Default: the first broker, otherwise memory. */
  readonly buses?: readonly string[]
  /** Brokers to start. */
  readonly brokers?: readonly BrokerName[]
}

/** All stores and buses that the system can use, and the servers behind them that this app started. */
export interface Catalogue extends AsyncDisposable {
  readonly stores: readonly Backend[]
  readonly buses: readonly Backend[]
  /** The store that the system uses at the start. */
  readonly store: Backend
  /** The bus that the system uses at the start. */
  readonly bus: Backend
  /** Returns the server behind a store or bus if this app started it. */
  serverOf(backend: Backend): Server | undefined
}

/** Starts the requested brokers. If one fails to start, stops the others. */
export async function openCatalogue(options: CatalogueOptions): Promise<Catalogue> {
  const { stores: storeUrls = [], buses: busUrls = [], brokers = [] } = options
  registerMemory()
  const urls = [...new Set([...storeUrls, ...busUrls])]
  const memories = urls.filter((url) => url.startsWith('memory:')).map((url) => memoryServer(nameOf(url), url))
  const started = await startAll(brokers)
  const servers = [
    ...memories,
    ...started,
    memoryServer('memory 1', 'memory:one'),
    memoryServer('memory 2', 'memory:two'),
    memoryServer('memory with 20 ms delay', 'memory:late?delay=20'),
  ]
  const stores = distinct([...storeUrls.map(backendAt), ...servers.flatMap((server) => server.stores)])
  const buses = distinct([...busUrls.map(backendAt), ...servers.flatMap((server) => server.buses)])
  return {
    stores,
    buses,
    store: stores[0] as Backend,
    bus: buses[0] as Backend,
    serverOf: ({ url }) =>
      servers.find((server) => [...server.stores, ...server.buses].some((each) => each.url === url)),
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
    },
  }
}

async function startAll(brokers: readonly BrokerName[]): Promise<Server[]> {
  const starting = await Promise.allSettled(brokers.map(startBroker))
  const started = starting.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const failed = starting.find((each) => each.status === 'rejected')
  if (!failed) return started
  await Promise.all(started.map((server) => server[Symbol.asyncDispose]()))
  throw failed.reason
}

const backendAt = (url: string): Backend => ({ name: nameOf(url), url })

/** Returns the URL without user name and password. `URL` cannot parse several hosts with a port each. */
const nameOf = (url: string): string => url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1')

/** Removes backends whose URL occurred before. */
const distinct = (backends: readonly Backend[]): readonly Backend[] =>
  backends.filter(({ url }, index) => backends.findIndex((each) => each.url === url) === index)
