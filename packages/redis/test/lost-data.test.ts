import { canTest, type RedisServer, startRedis } from '@sync/brokers'
import { createInstance, defineCollection, type SyncEvent } from '@sync/core'
import { redisBus, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { documentKey, metaKey } from '../src/names.ts'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })
const SINGLE_SERVER = { cluster: false }
const WAIT = { timeout: 10_000, interval: 5 }

describe.runIf(await canTest('data that Redis evicts or expires', { broker: 'redis', controllable: true }))(
  'instances whose server loses data',
  () => {
    let redis: RedisServer
    let admin: Redis
    beforeAll(async () => {
      redis = await startRedis()
      admin = new Redis(redis.url)
    })
    afterAll(async () => {
      await admin.quit()
      await redis[Symbol.asyncDispose]()
    })

    /** Opens two instances that have the same documents cached. */
    async function open(partition: string) {
      const events: SyncEvent[][] = [[], []]
      const syncs = events.map((eventLog) => {
        const sync = createInstance({ store: redisStore(redis.url), bus: redisBus(redis.url), checkInterval: 100 })
        sync.onEvent((event) => eventLog.push(event))
        return sync
      })
      const collections = syncs.map((sync) => sync.collection(docs, { partition }))
      await collections[0]?.assign('k', { n: 1 })
      await collections[0]?.assign('other', { n: 1 })
      await Promise.all(collections.map((each) => each.getMany(['k', 'other'])))
      const lost = (): boolean[][] =>
        events.map((eventLog) => eventLog.flatMap((event) => (event.type === 'epoch' ? [event.lost] : [])))
      const cached = (key: string): unknown[] => collections.map((each) => each.peek(key))
      const close = async (): Promise<void> => void (await Promise.all(syncs.map((sync) => sync.close())))
      return { syncs, collections, events, lost, cached, [Symbol.asyncDispose]: close }
    }

    it('remove an evicted document on verify()', async () => {
      await using instances = await open('evicted')
      await admin.unlink(documentKey({ partition: 'evicted', section: 'doc', key: 'k' }, SINGLE_SERVER))
      for (const sync of instances.syncs) {
        const { differing } = await sync.verify()
        expect(differing.map(({ key }) => key)).toEqual(['k'])
      }
      await vi.waitFor(() => expect(instances.cached('k')).toEqual([undefined, undefined]), WAIT)
      for (const eventLog of instances.events)
        expect(eventLog).toContainEqual(expect.objectContaining({ type: 'inconsistent', key: 'k' }))
      // other documents are untouched, and the key can be created again
      expect(instances.cached('other')).toEqual([{ n: 1 }, { n: 1 }])
      await instances.collections[0]?.create('k', { n: 2 })
      await vi.waitFor(() => expect(instances.cached('k')).toEqual([{ n: 2 }, { n: 2 }]), WAIT)
    })

    it('remove a document from every replica when it expires in the server', async () => {
      const short = defineCollection<{ n: number }>({ section: 'short', ttl: '300ms' })
      await using instances = await open('expired')
      const collections = instances.syncs.map((sync) => sync.collection(short, { partition: 'expired' }))
      const reasons: string[][] = [[], []]
      for (const [at, each] of collections.entries())
        each.subscribe('k', (change) => {
          if (change.kind === 'removed') reasons[at]?.push(change.reason)
        })
      await collections[0]?.assign('k', { n: 1 })
      await vi.waitFor(() => expect(reasons).toEqual([['expired'], ['expired']]), WAIT)
      expect(collections.map((each) => each.peek('k'))).toEqual([undefined, undefined])
    })

    it("emit an epoch event with lost: true and reload the documents when a section's counters are evicted", async () => {
      await using instances = await open('headless')
      await admin.unlink(metaKey({ partition: 'headless', section: 'doc' }, SINGLE_SERVER))
      await vi.waitFor(() => expect(instances.lost()).toEqual([[true], [true]]), WAIT)
      await vi.waitFor(() => expect(instances.cached('k')).toEqual([{ n: 1 }, { n: 1 }]), WAIT)
      await instances.collections[1]?.assign('k', { n: 2 })
      await vi.waitFor(() => expect(instances.cached('k')).toEqual([{ n: 2 }, { n: 2 }]), WAIT)
      expect(instances.lost()).toEqual([[true], [true]])
    })

    // last, because it removes the other tests' data too
    it('emit an epoch event with lost: true and remove all replicas after FLUSHALL', async () => {
      await using instances = await open('flushed')
      await admin.flushall()
      await vi.waitFor(() => expect(instances.lost()).toEqual([[true], [true]]), WAIT)
      await vi.waitFor(() => expect(instances.cached('k')).toEqual([undefined, undefined]), WAIT)
      expect(instances.cached('other')).toEqual([undefined, undefined])
      await instances.collections[0]?.assign('k', { n: 2 })
      await vi.waitFor(() => expect(instances.cached('k')).toEqual([{ n: 2 }, { n: 2 }]), WAIT)
    })
  },
)
