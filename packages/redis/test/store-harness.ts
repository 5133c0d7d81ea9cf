import { type RedisFlavor, type RedisServer, startProxy, startRedis } from '@sync/brokers'
import type { StoreHarness } from '@sync/conformance'
import { redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { metaKey } from '../src/names.ts'
import { openClient } from './open-client.ts'

let harnessCount = 0

const LIMITS = { maxChanges: 400, maxOpResults: 500 }
const TIMEOUT = '500ms'

/** True for a commit's call. Only its numbers begin like this: number of requests, then section, attempt and so on of the first one. */
export const isCommit = (request: Buffer): boolean =>
  /\r\n\[\d+,\d+,\d+,\d+,[01],[01],[01],[01],/.test(request.toString('latin1'))

/** Returns Node arguments for a process that opens a store, loads a document and closes the store. */
export const storeScript = (url: string, client: string): string[] => [
  '--conditions=@sync/source',
  '--input-type=module',
  '-e',
  `import { redisStore } from '${new URL('../src/index.ts', import.meta.url)}'
   const store = redisStore('${url}', { client: '${client}' })
   await store.load([{ partition: 'p', section: 's', key: 'k' }])
   await store.close()`,
]

/** Server and client package under test. */
export interface Variant {
  readonly flavor?: RedisFlavor
  readonly client?: 'ioredis' | 'redis'
}

/** Starts a server per rule, so that every fault can be injected. A proxy in front of it drops replies. */
export async function redisStoreHarness({ flavor = 'redis', client = 'ioredis' }: Variant = {}): Promise<StoreHarness> {
  // Redis trims streams by whole nodes: with one entry per node the log is trimmed exactly
  const redis = await startRedis({ flavor, config: { 'stream-node-max-entries': '1' } })
  const proxy = await startProxy({ target: redis.url })
  const open = async (url = proxy.url) =>
    redisStore(url, { ...LIMITS, client, timeout: TIMEOUT, maxCommitBytes: 262_144 })
  return {
    namespace: `ns${++harnessCount}`,
    limits: LIMITS,
    program: storeScript(redis.url, client),
    open: () => open(),
    faults: {
      ...storeFaults(redis),
      cut: () => proxy.resetAll(),
      loseReplies(n) {
        for (let i = 0; i < n; i++) void proxy.loseReply({ when: isCommit })
      },
    },
    async injected() {
      const given = await openClient(redis.url, client)
      return { ...given, client: redisStore(given.opened) }
    },
    unreachable: { address: '127.0.0.1:1', open: async () => redisStore('redis://127.0.0.1:1', { client }) },
    async close() {
      await proxy[Symbol.asyncDispose]()
      await redis[Symbol.asyncDispose]()
    },
  }
}

export const storeFaults = (redis: RedisServer): NonNullable<StoreHarness['faults']> => ({
  kill: () => redis.kill(),
  restart: () => redis.restart(),
  pause: () => redis.pause(),
  resume: () => redis.resume(),
  async failOver() {
    await redis.kill()
    await redis.restart()
  },
  async loseTail(n) {
    await redis.kill()
    // only commits count: relays write to the same database
    await redis.truncateLog({ commits: n, containing: '::log' })
    await redis.restart()
  },
  async loseCounters(section) {
    const admin = new Redis(redis.url)
    await admin.del(metaKey(section, { cluster: false }))
    await admin.quit()
  },
})
