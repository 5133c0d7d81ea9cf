import { Redis, type RedisOptions } from 'ioredis'

type Options = Pick<RedisOptions, 'commandTimeout' | 'lazyConnect' | 'maxRetriesPerRequest' | 'tls'>

/** Returns a client that neither reconnects nor emits unhandled errors. */
export function connectRedis(url: string, options: Options = {}): Redis & AsyncDisposable {
  const client = new Redis(url, { ...options, retryStrategy: null })
  client.on('error', () => {})
  return Object.assign(client, {
    async [Symbol.asyncDispose]() {
      client.disconnect()
    },
  })
}
