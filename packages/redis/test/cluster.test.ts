import { canTest, type RedisCluster } from '@sync/brokers'
import { describeStoreConformance } from '@sync/conformance'
import { type Collection, createSync, defineCollection, type Sync } from '@sync/core'
import { redisBus, redisStore } from '@sync/redis'
import { Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest'
import { metaKey } from '../src/names.ts'
import { clusterStoreHarness, startTestCluster } from './cluster-harness.ts'

const docs = defineCollection<{ n: number }>({ section: 'load', ttl: 'never' })
const PARTITIONS = ['a', 'b', 'c', 'd', 'e', 'f']
const KEYS = 10

describe.runIf(await canTest('store and bus on a Redis Cluster', { broker: 'redis', hooks: true }))(
  'a Redis Cluster',
  () => {
    let cluster: RedisCluster
    let url: string
    beforeAll(async () => {
      cluster = await startTestCluster()
      url = `${cluster.urls[0]}?cluster=true`
    }, 60_000)
    afterAll(() => cluster[Symbol.asyncDispose]())

    describeStoreConformance({
      name: 'the store on a Redis Cluster',
      createHarness: async () => clusterStoreHarness(cluster),
      runner: { describe, it },
    })

    const open = (): Sync => createSync({ store: redisStore(url), bus: redisBus(url) })

    test('is reached by a client that is given, and left open', async () => {
      const { hostname, port } = new URL(url)
      const client = new Cluster([{ host: hostname, port: Number(port) }])
      {
        await using writer = createSync({ store: redisStore(client), bus: redisBus(client) })
        await using reader = open()
        const there = reader.collection(docs, { partition: 'given' })
        await there.get('k')
        await writer.collection(docs, { partition: 'given' }).set('k', { n: 1 })
        await vi.waitFor(() => expect(there.peek('k')).toEqual({ n: 1 }), { interval: 1 })
      }
      expect(await client.get('nothing')).toBeNull()
      client.disconnect()
    })

    test('takes what is published at once on lines that are not open yet', async () => {
      await using bus = redisBus(url)
      const changes = PARTITIONS.flatMap((partition) =>
        [1, 2, 3].map((sequence) => ({
          partition,
          change: { key: 'k', epoch: 'e', origin: 'o', sequence, text: '[]' },
        })),
      )
      await Promise.all(changes.map(({ partition, change }) => bus.publish({ partition, section: 'load' }, [change])))
    })

    test('counts every update once while a slot moves to a node that never saw a script', async () => {
      await using writer = open()
      await using reader = open()
      const [counting, watching] = [writer, reader].map((each) => each.collection(docs, { partition: 'moving' }))
      await counting?.create('k', { n: 0 })
      await watching?.get('k')
      const slot = await cluster.slotOf(metaKey({ partition: 'moving', section: 'load' }, { cluster: true }))
      const from = await cluster.masterOf(slot)
      const masters = await Promise.all([0, 6_000, 12_000].map((each) => cluster.masterOf(each)))
      const to = masters.find((each) => each !== from)
      if (!to) throw new Error('there is one master only')
      const admin = new Redis(to.url)
      await admin.script('FLUSH')
      await admin.config('RESETSTAT')

      let moved = false
      let done = 0
      const count = async (): Promise<void> => {
        for (let more = 0; !moved || more < 5; more += moved ? 1 : 0) {
          await counting?.update('k', (doc) => {
            doc.n++
          })
          done++
        }
      }
      const counted = count()
      await vi.waitFor(() => expect(done).toBeGreaterThan(5), { timeout: 10_000 })
      await cluster.moveSlot({ slot, to })
      moved = true
      await counted
      // it was told the text, and knows it since
      expect(await admin.info('commandstats')).toMatch(/cmdstat_eval:calls=\d/)
      expect(await admin.info('commandstats')).toMatch(/cmdstat_evalsha:calls=\d/)
      admin.disconnect()
      expect(await counting?.get('k')).toEqual({ n: done })
      await vi.waitFor(() => expect(watching?.peek('k')).toEqual({ n: done }), { timeout: 10_000 })
    }, 60_000)

    test('loses no acknowledged write in silence when a slot moves and a master dies', {
      timeout: 90_000,
    }, async () => {
      await using writer = open()
      await using reader = open()
      const told = new Set<string>()
      const statuses: string[] = []
      for (const each of [writer, reader])
        each.onEvent((event) => {
          if (event.type === 'epoch' && event.lost) told.add(event.partition)
          if (event.type === 'bus' && each === reader) statuses.push(event.status)
        })
      const writing = PARTITIONS.map((partition) => writer.collection(docs, { partition }))
      const reading = PARTITIONS.map((partition) => reader.collection(docs, { partition }))
      const keys = Array.from({ length: KEYS }, (_, n) => `k${n}`)
      await Promise.all(reading.flatMap((each) => keys.map((key) => each.get(key))))

      const acknowledged = new Map<string, number>()
      let stopped = false
      // a failure ends the load too
      using _ = {
        [Symbol.dispose]() {
          stopped = true
        },
      }
      const rounds = PARTITIONS.map(() => 0)
      const load = async (at: number, each: Collection<{ n: number }>): Promise<void> => {
        for (let n = 1; !stopped; n++) {
          for (const key of keys) {
            const done = await each.set(key, { n }).then(
              () => true,
              () => false,
            )
            if (done) acknowledged.set(`${at}:${key}`, n)
          }
          rounds[at] = n
        }
      }
      const loads = writing.map((each, at) => load(at, each))
      const more = async (): Promise<void> => {
        const goals = rounds.map((n) => n + 3)
        await vi.waitFor(() => expect(goals.filter((goal, at) => (rounds[at] ?? 0) < goal)).toEqual([]), {
          timeout: 30_000,
        })
      }
      const slotOf = (partition: string): Promise<number> =>
        cluster.slotOf(metaKey({ partition, section: 'load' }, { cluster: true }))
      await more()
      const moving = await slotOf('a')
      const from = await cluster.masterOf(moving)
      const owners = await Promise.all(PARTITIONS.map(async (each) => cluster.masterOf(await slotOf(each))))
      const to = owners.find((owner) => owner !== from)
      if (!to) throw new Error('all sections lie on one node')
      statuses.length = 0
      await cluster.moveSlot({ slot: moving, to })
      await vi.waitFor(() => expect(statuses.slice(0, 2)).toEqual(['interrupted', 'resumed']), { timeout: 10_000 })
      await more()
      await (await cluster.masterOf(moving)).kill()
      await cluster.settled()
      await more()
      stopped = true
      await Promise.all(loads)

      await using store = redisStore(url)
      for (const [at, partition] of PARTITIONS.entries()) {
        for (const key of keys) {
          const [loaded] = await store.load([{ partition, section: 'load', key }])
          const stored = JSON.parse(loaded?.document?.text ?? 'null') as { n: number } | null
          const least = acknowledged.get(`${at}:${key}`) ?? 0
          if ((stored?.n ?? 0) < least)
            expect([...told], `${partition} ${key}: ${stored?.n} of ${least}, in silence`).toContain(partition)
          await vi.waitFor(() => expect(reading[at]?.peek(key), `${partition} ${key}`).toEqual(stored), {
            timeout: 30_000,
          })
          expect(await writing[at]?.get(key), `${partition} ${key} at its writer`).toEqual(stored)
        }
      }
    })
  },
)
