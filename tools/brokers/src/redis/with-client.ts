import { Redis, type RedisOptions } from 'ioredis'

/** Client options for servers that require a user, password or TLS. */
export type RedisConnectionOptions = Pick<RedisOptions, 'username' | 'password' | 'tls'>

/**
 * Connects a client, passes it to `use`, and disconnects it. Rejects without a retry if the server is unavailable or still loads
 * its data.
 */
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
    // The ready check would wait for a second while the server loads its data.
    enableReadyCheck: false,
  })
  // The rejected promise already reports the error.
  client.on('error', () => {})
  try {
    await client.connect()
    return await use(client)
  } finally {
    client.disconnect()
  }
}
