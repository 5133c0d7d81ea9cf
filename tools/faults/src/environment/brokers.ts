import { type ServerControls, startKafka, startNats, startRedis, type TcpProxy } from '@sync/brokers'

/** What a bus is made of: its server, if it is another one than the store's, and what its URL says. */
export interface BusBroker {
  readonly server: BusServer | undefined
  readonly query: string
}

/** A server that is told where to stand by the one who asks. */
interface BusServer extends ServerControls, AsyncDisposable {
  readonly url: string
  /** A server that tells its clients where to connect knows of one proxy alone. */
  startProxy?(): Promise<TcpProxy>
}

/** A bus over a broker. */
export type BusName = 'pubsub' | 'streams' | 'nats' | 'jetstream' | 'kafka'

const busBrokers: Readonly<Record<BusName, () => Promise<BusBroker>>> = {
  pubsub: async () => ({ server: undefined, query: '' }),
  streams: async () => ({ server: undefined, query: '?transport=streams' }),
  nats: async () => ({ server: await startNats(), query: '' }),
  jetstream: async () => ({ server: await startNats(), query: '?transport=jetstream' }),
  kafka: async () => ({ server: await startKafka(), query: '' }),
}

/** All of them. */
export const busNames: readonly BusName[] = Object.keys(busBrokers) as BusName[]

/** Starts what a bus needs beside the store. */
export const startBus = (name: BusName): Promise<BusBroker> => busBrokers[name]()

/** The store: a Redis that loses nothing when it is killed. */
export const startStore: typeof startRedis = startRedis
