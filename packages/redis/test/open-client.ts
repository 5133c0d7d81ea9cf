import type { RedisClientLike } from '@sync/redis'
import { Redis } from 'ioredis'
import { createClient } from 'redis'

/** A client as an application has it. */
interface Opened {
  readonly opened: RedisClientLike
  isOpen(): Promise<boolean>
  end(): Promise<void>
}

export async function openClient(url: string, client: 'ioredis' | 'redis'): Promise<Opened> {
  if (client === 'ioredis') {
    const opened = new Redis(url)
    return { opened, isOpen: async () => (await opened.ping()) === 'PONG', end: async () => opened.disconnect() }
  }
  const opened = createClient({ url })
  opened.on('error', () => {})
  await opened.connect()
  return { opened, isOpen: async () => (await opened.ping()) === 'PONG', end: async () => opened.destroy() }
}
