import { type ServerControls, startKafka, startNats, startRedis, type TcpProxy } from '@sync/brokers'

/** The server of a bus, and its URL parameters. */
export interface BusBroker {
  /** `undefined` if the bus uses the store's server. */
  readonly server: BusServer | undefined
  readonly query: string
}

interface BusServer extends ServerControls, AsyncDisposable {
  readonly url: string
  /** Starts the server's only proxy. Present if the server advertises the address that clients must use. */
  startProxy?(): Promise<TcpProxy>
}

/** Names of the buses, as on the command line. */
export type BusName = 'pubsub' | 'streams' | 'nats' | 'jetstream' | 'kafka'

const busBrokers: Readonly<Record<BusName, () => Promise<BusBroker>>> = {
  pubsub: async () => ({ server: undefined, query: '' }),
  streams: async () => ({ server: undefined, query: '?transport=streams' }),
  nats: async () => ({ server: await startNats(), query: '' }),
  jetstream: async () => ({ server: await startNats(), query: '?transport=jetstream' }),
  kafka: async () => ({ server: await startKafka(), query: '' }),
}

/** All bus names. */
export const busNames: readonly BusName[] = Object.keys(busBrokers) as BusName[]

/** Starts a bus's server, unless it uses the store's. */
export const startBus = (name: BusName): Promise<BusBroker> => busBrokers[name]()

/** Starts the store's server: a Redis that loses no acknowledged write when it is killed. */
export const startStore: typeof startRedis = startRedis
