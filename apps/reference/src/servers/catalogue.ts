import { type BrokerName, startBroker } from './brokers.ts'
import { memoryServer, registerMemory } from './memory.ts'
import type { Backend, Server } from './server.ts'

/** What the app is started with. */
export interface CatalogueOptions {
  /** URLs of stores; it begins with the first. Without: with one of the brokers, else memory. */
  readonly stores?: readonly string[]
  /** URLs of buses; it begins with the first. Without: with one of the brokers, else memory. */
  readonly buses?: readonly string[]
  /** To be started. */
  readonly brokers?: readonly BrokerName[]
}

/** Every store and bus that the system may move to, and the servers behind them that were started here. */
export interface Catalogue extends AsyncDisposable {
  readonly stores: readonly Backend[]
  readonly buses: readonly Backend[]
  /** Where the system begins. */
  readonly store: Backend
  readonly bus: Backend
  /** The server behind a place, if it was started here. */
  serverOf(backend: Backend): Server | undefined
}

/** Starts the brokers that are asked for. Should one not start, none goes on. */
export async function openCatalogue(options: CatalogueOptions): Promise<Catalogue> {
  const { stores: givenStores = [], buses: givenBuses = [], brokers = [] } = options
  registerMemory()
  const given = [...new Set([...givenStores, ...givenBuses])]
  const memories = given.filter((url) => url.startsWith('memory:')).map((url) => memoryServer(nameOf(url), url))
  const started = await startAll(brokers)
  const servers = [
    ...memories,
    ...started,
    memoryServer('memory one', 'memory:one'),
    memoryServer('memory two', 'memory:two'),
    memoryServer('memory, 20 ms late', 'memory:late?delay=20'),
  ]
  const stores = distinct([...givenStores.map(backendAt), ...servers.flatMap((server) => server.stores)])
  const buses = distinct([...givenBuses.map(backendAt), ...servers.flatMap((server) => server.buses)])
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

/** Without what the URL may say of users and passwords. It may name several hosts, which no `URL` takes. */
const nameOf = (url: string): string => url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1')

/** One URL is one place, by the first of its names. */
const distinct = (backends: readonly Backend[]): readonly Backend[] =>
  backends.filter(({ url }, index) => backends.findIndex((each) => each.url === url) === index)
