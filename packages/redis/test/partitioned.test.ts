import { canTest, type RedisServer, startRedis } from '@sync/brokers'
import { createInstance, defineCollection, memoryBus, type SyncEvent, type SyncInstance } from '@sync/core'
import { type DocumentRef, listKeys } from '@sync/core/adapter'
import { adapter, redisBus, redisRelay, redisStore } from '@sync/redis'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })
const WAIT = { timeout: 20_000, interval: 5 }

describe('redisStore({ partitions }) and redisBus({ partitions })', () => {
  it.each([
    [{ eu: 'http://host' }, /partition "eu": target: expected a URL/],
    [{ '': 'redis://host' }, /partition "": expected a non-empty name/],
    [{ eu: 'redis://host?maxAge=1h' }, /partition "eu": .*"maxAge".*expected one of client, cluster, timeout/],
    [{ eu: 'redis://host?partition.us=redis://other' }, /partition "eu": .*"partition.us"/],
  ])('throw for %j', (partitions, message) => {
    expect(() => redisStore('redis://host', { partitions })).toThrow(message)
    expect(() => redisBus('redis://host', { partitions })).toThrow(message)
  })
})

describe('redisRelay()', () => {
  it('throws for a URL with partitions', () => {
    const bus = memoryBus()
    expect(() => redisRelay('redis://host?partition.eu=redis://other', { bus })).toThrow(/partitions: not supported/)
  })
})

describe.runIf(await canTest('partitions on several Redis servers', { broker: 'redis', controllable: true }))(
  'a store and bus with partitions',
  { timeout: 30_000 },
  () => {
    let servers: { readonly main: RedisServer; readonly eu: RedisServer }
    let admins: { readonly main: Redis; readonly eu: Redis }
    beforeAll(async () => {
      const [main, eu] = await Promise.all([startRedis(), startRedis()])
      servers = { main, eu }
    })
    beforeEach(async () => {
      admins = { main: new Redis(servers.main.url), eu: new Redis(servers.eu.url) }
      for (const admin of Object.values(admins)) admin.on('error', () => {})
      await Promise.all([admins.main.flushall(), admins.eu.flushall()])
    })
    afterEach(() => {
      for (const admin of Object.values(admins)) admin.disconnect()
    })
    afterAll(() => Promise.all(Object.values(servers).map((server) => server[Symbol.asyncDispose]())))

    const urlOf = (): string => `${servers.main.url}?partition.eu=${encodeURIComponent(servers.eu.url)}`
    const open = (transport: 'pubsub' | 'streams' = 'pubsub'): SyncInstance => {
      const partitions = { eu: servers.eu.url }
      const sync = createInstance({
        store: redisStore(servers.main.url, { partitions }),
        bus: redisBus(servers.main.url, { partitions, transport }),
        checkInterval: '1h',
      })
      onTestFinished(() => sync.close())
      return sync
    }
    const callsOf = async (admin: Redis): Promise<Record<string, number>> => {
      const stats = await admin.info('commandstats')
      return Object.fromEntries(
        [...stats.matchAll(/cmdstat_([\w|]+):calls=(\d+)/g)].map(([, name, n]) => [name, Number(n)]),
      )
    }

    it.each(['pubsub', 'streams'] as const)(
      'store and publish each partition on its own server, over %s',
      async (transport) => {
        const [writer, reader] = [open(transport), open(transport)]
        for (const partition of ['eu', 'us', 'asia']) {
          const collection = reader.collection(docs, { partition })
          await collection.get('k')
          await writer.collection(docs, { partition }).assign('k', { n: 1 })
          await vi.waitFor(() => expect(collection.peek('k')).toEqual({ n: 1 }), WAIT)
        }
        const documents = (admin: Redis): Promise<number> => admin.exists('eu:doc:k', 'us:doc:k', 'asia:doc:k')
        expect(await Promise.all([documents(admins.eu), documents(admins.main)])).toEqual([1, 2])
        expect(await admins.eu.exists('eu:doc:k')).toBe(1)
      },
    )

    it.each(['eu', 'us'])('publish within the commit, in a single call, for partition %s', async (partition) => {
      const [writer, reader] = [open(), open()]
      const [writing, reading] = [writer, reader].map((each) => each.collection(docs, { partition }))
      await reading?.get('k')
      await writing?.assign('k', { n: 1 })
      const [own, other] = partition === 'eu' ? [admins.eu, admins.main] : [admins.main, admins.eu]
      await Promise.all([own.config('RESETSTAT'), other.config('RESETSTAT')])
      await writing?.assign('k', { n: 2 })
      await vi.waitFor(() => expect(reading?.peek('k')).toEqual({ n: 2 }), WAIT)
      // the script executed the PUBLISH
      expect(await callsOf(own)).toMatchObject({ evalsha: 1, publish: 1 })
      const otherCalls = await callsOf(other)
      for (const call of ['evalsha', 'publish']) expect(otherCalls).not.toHaveProperty(call)
    })

    it('leave publishing to the writer when the bus has the partition on another server', async () => {
      const partitions = { eu: servers.eu.url }
      const instances = [1, 2].map(() =>
        createInstance({ store: redisStore(servers.main.url, { partitions }), bus: redisBus(servers.main.url) }),
      )
      for (const each of instances) onTestFinished(() => each.close())
      const [writing, reading] = instances.map((each) => each.collection(docs, { partition: 'eu' }))
      await reading?.get('k')
      await writing?.assign('k', { n: 1 })
      await vi.waitFor(() => expect(reading?.peek('k')).toEqual({ n: 1 }), WAIT)
    })

    it('accept partitions in a URL', async () => {
      await using store = adapter.store(new URL(urlOf()))
      await using bus = adapter.bus(new URL(urlOf()))
      await store.heads([{ scope: { partition: 'eu', section: 's' } }])
      expect(await admins.eu.exists('eu:s::meta')).toBe(1)
      await vi.waitFor(() => expect(bus.inCommit?.serverFor('eu')).toBeDefined(), WAIT)
      expect(bus.inCommit?.serverFor('eu')).not.toBe(bus.inCommit?.serverFor('us'))
    })

    it('keep other partitions available while one server is down, and complete its pending calls after a restart', async () => {
      const [writer, reader] = [open(), open()]
      const events: SyncEvent[] = []
      reader.onEvent((event) => events.push(event))
      const [eu, us] = ['eu', 'us'].map((partition) => ({
        writing: writer.collection(docs, { partition }),
        reading: reader.collection(docs, { partition }),
      }))
      if (!eu || !us) throw new Error('expected two collections')
      for (const { writing, reading } of [eu, us]) {
        await reading.get('k')
        await writing.assign('k', { n: 0 })
        await vi.waitFor(() => expect(reading.peek('k')).toEqual({ n: 0 }), WAIT)
      }
      await servers.eu.kill()
      const pendingWrite = eu.writing.assign('k', { n: 1 })
      const pendingRead = eu.reading.get('other')
      for (let n = 1; n <= 20; n++) {
        await us.writing.assign('k', { n })
        await vi.waitFor(() => expect(us.reading.peek('k')).toEqual({ n }), WAIT)
      }
      expect(await us.reading.get('other')).toBeUndefined()
      expect(writer.health().state).toBe('stale')
      expect(await us.writing.update('k', (doc) => void doc.n++)).toMatchObject({ version: 22 })
      await servers.eu.restart()
      await pendingWrite
      expect(await pendingRead).toBeUndefined()
      await vi.waitFor(() => expect(eu.reading.peek('k')).toEqual({ n: 1 }), WAIT)
      await vi.waitFor(
        () => expect([writer, reader].map((each) => each.health().state)).toEqual(['live', 'live']),
        WAIT,
      )
      const statuses = events.flatMap((event) => (event.type === 'bus' ? [event.status] : []))
      expect(statuses.slice(-2)).toEqual(['interrupted', 'resumed'])
    })

    it('complete calls on other partitions while one server is frozen', async () => {
      const partitions = { eu: servers.eu.url }
      const sync = createInstance({
        store: redisStore(servers.main.url, { partitions, timeout: '1h' }),
        bus: redisBus(servers.main.url, { partitions, timeout: '1h' }),
        checkInterval: 50,
      })
      onTestFinished(() => sync.close())
      const [eu, us] = ['eu', 'us'].map((partition) => sync.collection(docs, { partition }))
      if (!eu || !us) throw new Error('expected two collections')
      await Promise.all([eu.get('k'), us.get('k')])
      await servers.eu.pause()
      onTestFinished(() => servers.eu.resume())
      const pending: Promise<unknown>[] = []
      for (let round = 0; round < 10; round++) {
        const keys = Array.from({ length: 20 }, (_, at) => `${round} ${at}`)
        // in the same tick, so that calls that can be batched are
        pending.push(...keys.map((key) => eu.assign(key, { n: round })), ...keys.map((key) => eu.get(`absent ${key}`)))
        await Promise.all([
          ...keys.map((key) => us.assign(key, { n: round })),
          ...keys.map((key) => us.get(`absent ${key}`)),
        ])
      }
      await sync.catchUp({ partition: 'us', section: 'doc' })
      await servers.eu.resume()
      await Promise.all(pending)
    })

    it('keep an idle Streams connection open when the partition has a shorter timeout', async () => {
      const partitions = { eu: `${servers.eu.url}?timeout=300ms` }
      await using bus = redisBus(servers.main.url, { partitions, transport: 'streams' })
      const statuses: string[] = []
      bus.onStatus((status) => statuses.push(status))
      await bus.subscribe({ partition: 'eu', section: 'doc' }, () => {})
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      expect(statuses).toEqual(['connected'])
    })

    it('answer one call for several partitions in the order of its items', async () => {
      const partitions = { eu: servers.eu.url, fr: servers.eu.url }
      const sync = open()
      await using store = redisStore(servers.main.url, { partitions })
      const addresses = ['eu', 'us', 'fr', 'asia'].flatMap((partition) => ['a', 'b'].map((key) => ({ partition, key })))
      await using writer = createInstance({
        store: redisStore(servers.main.url, { partitions }),
        bus: redisBus(servers.main.url),
      })
      for (const [n, { partition, key }] of addresses.entries())
        await writer.collection(docs, { partition }).assign(key, { n })
      await sync.flush()
      const property = fc.asyncProperty(fc.array(fc.nat(addresses.length - 1), { maxLength: 20 }), async (indexes) => {
        const refs = indexes.map(
          (n): DocumentRef => ({ section: 'doc', ...(addresses[n] as { partition: string; key: string }) }),
        )
        const loaded = await store.load(refs)
        expect(loaded.map(({ document }) => JSON.parse(document?.text ?? 'null'))).toEqual(indexes.map((n) => ({ n })))
        const heads = await store.heads(refs.map((scope) => ({ scope })))
        expect(heads.map(({ document }) => document?.version)).toEqual(indexes.map(() => 1))
      })
      await fc.assert(property, { numRuns: 30 })
      const keys: string[] = []
      for await (const key of listKeys(store, { partition: 'fr', section: 'doc' })) keys.push(key)
      expect(keys.sort()).toEqual(['a', 'b'])
    })
  },
)
