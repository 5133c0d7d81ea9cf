import { canTest, type RedisCluster, type RedisServer, startRedis, startRedisCluster } from '@sync/brokers'
import { createInstance, defineCollection } from '@sync/core'
import { redisBus, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

const SECTIONS = 20
const WAIT = { timeout: 15_000, interval: 20 }
const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never', cache: { maxIdle: 100 } })

const isTestable = await canTest('channels of idle sections', { broker: 'redis', controllable: true })
let single: RedisServer
let cluster: RedisCluster
beforeAll(async () => {
  if (isTestable) [single, cluster] = await Promise.all([startRedis(), startRedisCluster({ masters: 2 })])
}, 60_000)
afterAll(async () => {
  await single?.[Symbol.asyncDispose]()
  await cluster?.[Symbol.asyncDispose]()
})

describe.runIf(isTestable).each([
  ['CHANNELS', 'one server'],
  ['SHARDCHANNELS', 'a cluster'],
] as const)('idle sections, by PUBSUB %s of %s', (command, where) => {
  it('leave no channel behind, and subscribe again when they are used', async () => {
    const isCluster = where === 'a cluster'
    const url = isCluster ? `${cluster.urls[0]}?cluster=true` : single.url
    const admins = (isCluster ? cluster.urls : [single.url]).map((each) => new Redis(each))
    const channels = async (): Promise<number> => {
      const found = await Promise.all(admins.map((admin) => admin.call('PUBSUB', command, '__dataChanged*')))
      return (found as string[][]).flat().length
    }
    await using sync = createInstance({ store: redisStore(url), bus: redisBus(url), checkInterval: 50 })
    const collections = Array.from({ length: SECTIONS }, (_, n) => sync.collection(docs, { partition: `tenant-${n}` }))
    await Promise.all(collections.map((each) => each.ready()))
    expect(await channels()).toBe(SECTIONS)
    await vi.waitFor(async () => expect(await channels()).toBe(0), WAIT)
    expect(sync.stats().sections).toBe(0)
    const stop = new AbortController()
    const next = collections[0]?.changes({ signal: stop.signal })[Symbol.asyncIterator]().next()
    await vi.waitFor(async () => expect(await channels()).toBe(1), WAIT)
    await using other = createInstance({ store: redisStore(url), bus: redisBus(url) })
    await other.collection(docs, { partition: 'tenant-0' }).set('k', { n: 1 })
    expect((await next)?.value).toMatchObject([{ key: 'k' }])
    stop.abort()
    for (const admin of admins) admin.disconnect()
  })
})
