import { Redis } from 'ioredis'
import { createClient } from 'redis'

export type ClientName = 'ioredis' | 'redis'

/** A Redis client as an application would use it without `@sync`. */
export interface RawClient extends Disposable {
  call(command: readonly [string, ...string[]]): Promise<unknown>
}

export async function openRawClient(url: string, client: ClientName): Promise<RawClient> {
  if (client === 'ioredis') {
    const redis = new Redis(url)
    return { call: ([name, ...args]) => redis.call(name, ...args), [Symbol.dispose]: () => redis.disconnect() }
  }
  const redis = createClient({ url, RESP: 3 })
  await redis.connect()
  return { call: (command) => redis.sendCommand(command), [Symbol.dispose]: () => redis.destroy() }
}
