import type { ServerControls } from '@sync/brokers'
import type { Backend, Server } from './server.ts'

/** Brokers that `--broker` can start. */
export const brokerNames = ['redis', 'valkey', 'nats', 'kafka'] as const

export type BrokerName = (typeof brokerNames)[number]

interface StartedBroker extends ServerControls, AsyncDisposable {
  readonly url: string
}

/** Starts a broker on a free port, with its own data directory. Both are removed when this process ends. */
export async function startBroker(broker: BrokerName): Promise<Server> {
  // loaded only if a broker is requested
  const { startKafka, startNats, startRedis } = await import('@sync/brokers')
  switch (broker) {
    case 'redis':
    case 'valkey': {
      const redis = await startRedis({ flavor: broker })
      const name = broker === 'redis' ? 'Redis' : 'Valkey'
      const buses = [
        backend(`${name} Pub/Sub`, redis.url),
        backend(`${name} Streams`, `${redis.url}?transport=streams`),
      ]
      return {
        ...toServer(name, redis, { stores: [backend(name, redis.url)], buses }),
        async loseTail(writes) {
          await redis.kill()
          try {
            await redis.truncateLog({ commits: writes })
          } finally {
            await redis.restart()
          }
          // Redis writes commits that arrive together as one group
          return `${writes} groups of commits`
        },
      }
    }
    case 'nats': {
      const nats = await startNats()
      const buses = [backend('NATS', nats.url), backend('NATS JetStream', `${nats.url}?transport=jetstream`)]
      return toServer('NATS', nats, { stores: [], buses })
    }
    case 'kafka': {
      const kafka = await startKafka()
      return toServer('Kafka', kafka, { stores: [], buses: [backend('Kafka', kafka.url)] })
    }
  }
}

const backend = (name: string, url: string): Backend => ({ name, url })

const toServer = (name: string, started: StartedBroker, backends: Pick<Server, 'stores' | 'buses'>): Server => ({
  name,
  ...backends,
  kill: () => started.kill(),
  restart: () => started.restart(),
  [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
})
