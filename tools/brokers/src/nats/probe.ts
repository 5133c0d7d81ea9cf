import { randomUUID } from 'node:crypto'
import { jetstreamManager, StorageType } from '@nats-io/jetstream'
import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node'

/** Client options for servers that require a user, token, key or TLS. */
export type NatsConnectionOptions = Omit<NodeConnectionOptions, 'servers' | 'port'>

/** A server to connect to, and the client options that it requires. */
export interface Destination {
  readonly url: string
  readonly connection: NatsConnectionOptions
}

/** Connects a client, passes it to `use`, and closes it. Rejects without a retry if the server is unavailable. */
export async function withNatsClient<T>(
  { url, connection }: Destination,
  use: (client: NatsConnection) => Promise<T>,
): Promise<T> {
  const client = await connect({
    timeout: 2000,
    ...connection,
    servers: url,
    reconnect: false,
    ignoreClusterUpdates: true,
  })
  try {
    return await use(client)
  } finally {
    await client.close()
  }
}

/** Throws unless a stream with `replicas` copies can be created, written, read back and deleted. */
export async function probeStream(destination: Destination, replicas: number): Promise<void> {
  const name = `ready-${randomUUID()}`
  await withNatsClient(destination, async (client) => {
    const { streams } = await jetstreamManager(client, { timeout: 2000 })
    await streams.add({ name, subjects: [name], storage: StorageType.File, num_replicas: replicas })
    try {
      await client.request(name, 'ready', { timeout: 2000 })
      const message = await streams.getMessage(name, { seq: 1 })
      if (message?.string() !== 'ready')
        throw new Error(`${name}: expected to read 'ready' back, got ${message ? 'another message' : 'no message'}`)
    } finally {
      await streams.delete(name)
    }
  })
}
