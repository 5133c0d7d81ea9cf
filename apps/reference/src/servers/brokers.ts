import type { Hooks } from '@sync/brokers'
import type { Place, Server } from './server.ts'

/** What `--broker` can start. */
export const brokerNames = ['redis', 'valkey', 'nats', 'kafka'] as const

export type BrokerName = (typeof brokerNames)[number]

interface Started extends Hooks, AsyncDisposable {
  readonly url: string
}

/** Starts a broker on a free port, with data of its own; both end with this process. */
export async function startBroker(broker: BrokerName): Promise<Server> {
  // what it needs is loaded only where a broker is asked for
  const { startKafka, startNats, startRedis } = await import('@sync/brokers')
  switch (broker) {
    case 'redis':
    case 'valkey': {
      const redis = await startRedis({ flavor: broker })
      const name = broker === 'redis' ? 'Redis' : 'Valkey'
      const buses = [place(`${name} Pub/Sub`, redis.url), place(`${name} Streams`, `${redis.url}?bus=streams`)]
      return {
        ...serverOf(name, redis, { stores: [place(name, redis.url)], buses }),
        async loseTail(writes) {
          await redis.kill()
          try {
            await redis.cutLog({ commits: writes })
          } finally {
            await redis.restart()
          }
          // commits that come together are written together
          return `${writes} groups of commits`
        },
      }
    }
    case 'nats': {
      const nats = await startNats()
      const buses = [place('NATS', nats.url), place('NATS JetStream', `${nats.url}?bus=jetstream`)]
      return serverOf('NATS', nats, { stores: [], buses })
    }
    case 'kafka': {
      const kafka = await startKafka()
      return serverOf('Kafka', kafka, { stores: [], buses: [place('Kafka', kafka.url)] })
    }
  }
}

const place = (name: string, url: string): Place => ({ name, url })

const serverOf = (name: string, started: Started, places: Pick<Server, 'stores' | 'buses'>): Server => ({
  name,
  ...places,
  kill: () => started.kill(),
  restart: () => started.restart(),
  [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
})
