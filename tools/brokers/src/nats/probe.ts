import { randomUUID } from 'node:crypto'
import { jetstreamManager, StorageType } from '@nats-io/jetstream'
import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node'

/** How to connect to a server that asks for more than its URL: user, token, key, TLS. */
export type NatsConnectionOptions = Omit<NodeConnectionOptions, 'servers' | 'port'>

/** Where, and how. */
export interface Destination {
  readonly url: string
  readonly connection: NatsConnectionOptions
}

/** Connects, asks one thing and goes. Rejects at once if the server is not there. */
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

/** Throws unless a stream with so many copies can be made, written, read back and removed. */
export async function probeStream(destination: Destination, replicas: number): Promise<void> {
  const name = `ready-${randomUUID()}`
  await withNatsClient(destination, async (client) => {
    const { streams } = await jetstreamManager(client, { timeout: 2000 })
    await streams.add({ name, subjects: [name], storage: StorageType.File, num_replicas: replicas })
    try {
      await client.request(name, 'ready', { timeout: 2000 })
      const message = await streams.getMessage(name, { seq: 1 })
      if (message?.string() !== 'ready') throw new Error(`what was written to ${name} is not there`)
    } finally {
      await streams.delete(name)
    }
  })
}
