import { canTest, type RedisServer, startRedis } from '@sync/brokers'
import { createInstance, defineCollection, type SyncEvent } from '@sync/core'
import { redisBus, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { documentKey, metaKey } from '../src/names.ts'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })
const alone = { cluster: false }
const patient = { timeout: 10_000, interval: 5 }

describe.runIf(await canTest('what a Redis loses by itself', { broker: 'redis', controllable: true }))(
  'what the server loses by itself',
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

    /** Two that hold the same document. */
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
      const shown = (key: string): unknown[] => collections.map((each) => each.peek(key))
      const close = async (): Promise<void> => void (await Promise.all(syncs.map((sync) => sync.close())))
      return { syncs, collections, events, lost, shown, [Symbol.asyncDispose]: close }
    }

    test('a document that was evicted is found by the comparison with the store, and goes', async () => {
      await using instances = await open('evicted')
      await admin.unlink(documentKey({ partition: 'evicted', section: 'doc', key: 'k' }, alone))
      for (const sync of instances.syncs) {
        const { differing } = await sync.verify()
        expect(differing.map(({ key }) => key)).toEqual(['k'])
      }
      await vi.waitFor(() => expect(instances.shown('k')).toEqual([undefined, undefined]), patient)
      for (const eventLog of instances.events)
        expect(eventLog).toContainEqual(expect.objectContaining({ type: 'inconsistent', key: 'k' }))
      // what was left alone is not touched, and the key can be filled again
      expect(instances.shown('other')).toEqual([{ n: 1 }, { n: 1 }])
      await instances.collections[0]?.create('k', { n: 2 })
      await vi.waitFor(() => expect(instances.shown('k')).toEqual([{ n: 2 }, { n: 2 }]), patient)
    })

    test('a document that expired in the server goes from every replica', async () => {
      const short = defineCollection<{ n: number }>({ section: 'short', ttl: 300 })
      await using instances = await open('expired')
      const collections = instances.syncs.map((sync) => sync.collection(short, { partition: 'expired' }))
      const told: string[][] = [[], []]
      for (const [at, each] of collections.entries())
        each.subscribe('k', (change) => {
          if (change.kind === 'removed') told[at]?.push(change.reason)
        })
      await collections[0]?.assign('k', { n: 1 })
      await vi.waitFor(() => expect(told).toEqual([['expired'], ['expired']]), patient)
      expect(collections.map((each) => each.peek('k'))).toEqual([undefined, undefined])
    })

    test('the counters of a section that were evicted are a loss that is told; its documents are loaded again', async () => {
      await using instances = await open('headless')
      await admin.unlink(metaKey({ partition: 'headless', section: 'doc' }, alone))
      await vi.waitFor(() => expect(instances.lost()).toEqual([[true], [true]]), patient)
      await vi.waitFor(() => expect(instances.shown('k')).toEqual([{ n: 1 }, { n: 1 }]), patient)
      await instances.collections[1]?.assign('k', { n: 2 })
      await vi.waitFor(() => expect(instances.shown('k')).toEqual([{ n: 2 }, { n: 2 }]), patient)
      expect(instances.lost()).toEqual([[true], [true]])
    })

    // last: it takes what the others have, too
    test('FLUSHALL is a loss that is told, and leaves nothing held', async () => {
      await using instances = await open('flushed')
      await admin.flushall()
      await vi.waitFor(() => expect(instances.lost()).toEqual([[true], [true]]), patient)
      await vi.waitFor(() => expect(instances.shown('k')).toEqual([undefined, undefined]), patient)
      expect(instances.shown('other')).toEqual([undefined, undefined])
      await instances.collections[0]?.assign('k', { n: 2 })
      await vi.waitFor(() => expect(instances.shown('k')).toEqual([{ n: 2 }, { n: 2 }]), patient)
    })
  },
)
