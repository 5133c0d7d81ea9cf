import type { RedisCluster } from '@sync/brokers'
import type { RedisClientLike } from '@sync/redis'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'

/** A client as an application would open it. */
interface OpenedClient {
  readonly opened: RedisClientLike
  isOpen(): Promise<boolean>
  end(): Promise<void>
}

/** Opens a client as an application would. */
export async function openClient(url: string, client: 'ioredis' | 'redis'): Promise<OpenedClient> {
  if (client === 'ioredis') {
    const opened = new Redis(url)
    return { opened, isOpen: async () => (await opened.ping()) === 'PONG', end: async () => opened.disconnect() }
  }
  const opened = createClient({ url })
  opened.on('error', () => {})
  await opened.connect()
  return { opened, isOpen: async () => (await opened.ping()) === 'PONG', end: async () => opened.destroy() }
}

/** Opens a cluster client as an application would. */
export async function openClusterClient({ urls }: RedisCluster, client: 'ioredis' | 'redis'): Promise<OpenedClient> {
  const [url = ''] = urls
  if (client === 'ioredis') {
    const { hostname, port } = new URL(url)
    const opened = new Cluster([{ host: hostname, port: Number(port) }])
    return { opened, isOpen: async () => (await opened.get('nothing')) === null, end: async () => opened.disconnect() }
  }
  const opened = createCluster({ rootNodes: [{ url }] })
  opened.on('error', () => {})
  await opened.connect()
  return { opened, isOpen: async () => (await opened.get('nothing')) === null, end: async () => opened.destroy() }
}
