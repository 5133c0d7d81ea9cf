import { Redis, type RedisOptions } from 'ioredis'

/** How to connect to a server that asks for more than its address. */
export type RedisConnectionOptions = Pick<RedisOptions, 'username' | 'password' | 'tls'>

/** Connects, asks one thing and goes. Rejects at once if the server is not there or still loads its data. */
export async function withRedisClient<T>(
  url: string,
  use: (client: Redis) => Promise<T>,
  connection: RedisConnectionOptions = {},
): Promise<T> {
  const client = new Redis(url, {
    ...connection,
    lazyConnect: true,
    retryStrategy: null,
    connectTimeout: 1000,
    commandTimeout: 10_000,
    // It would wait a second if the server is still loading.
    enableReadyCheck: false,
  })
  // Told by the rejected promise already.
  client.on('error', () => {})
  try {
    await client.connect()
    return await use(client)
  } finally {
    client.disconnect()
  }
}
