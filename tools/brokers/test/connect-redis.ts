import { Redis, type RedisOptions } from 'ioredis'

type Options = Pick<RedisOptions, 'commandTimeout' | 'lazyConnect' | 'maxRetriesPerRequest' | 'tls'>

/** A client that does not come back by itself and says nothing of it. */
export function connectRedis(url: string, options: Options = {}): Redis & AsyncDisposable {
  const client = new Redis(url, { ...options, retryStrategy: null })
  client.on('error', () => {})
  return Object.assign(client, {
    async [Symbol.asyncDispose]() {
      client.disconnect()
    },
  })
}
