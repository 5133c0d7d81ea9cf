import { canTest, type RedisServer, startRedis } from '@sync/brokers'
import { createInstance, defineCollection, type SyncEvent, type SyncInstance } from '@sync/core'
import type { DocumentRef } from '@sync/core/adapter'
import { adapter, redisBus, redisRelay, redisStore } from '@sync/redis'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })
const WAIT = { timeout: 20_000, interval: 5 }

test.each([
  [{ eu: 'http://host' }, /partitions: "eu": a URL is needed/],
  [{ '': 'redis://host' }, /partitions: "": a non-empty name/],
  [{ eu: 'redis://host?maxAge=1h' }, /partitions: "eu": .*"maxAge".*it takes client, cluster, timeout/],
  [{ eu: 'redis://host?partition.us=redis://other' }, /partitions: "eu": .*"partition.us"/],
])('a partition of %j is refused', (partitions, message) => {
  expect(() => redisStore('redis://host', { partitions })).toThrow(message)
  expect(() => redisBus('redis://host', { partitions })).toThrow(message)
})

test('a relay, which is for one server, takes no partitions', () => {
  const bus = {} as never
  expect(() => redisRelay('redis://host?partition.eu=redis://other', { bus })).toThrow(/bus|one server/)
})

describe.runIf(await canTest('a pool of Redis servers', { broker: 'redis', controllable: true }))(
  'partitions on servers of their own',
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

    test.each(['pubsub', 'streams'] as const)(
      'keep their documents there, and are heard there, over %s',
      async (bus) => {
        const [writer, reader] = [open(bus), open(bus)]
        for (const partition of ['eu', 'us', 'asia']) {
          const there = reader.collection(docs, { partition })
          await there.get('k')
          await writer.collection(docs, { partition }).assign('k', { n: 1 })
          await vi.waitFor(() => expect(there.peek('k')).toEqual({ n: 1 }), WAIT)
        }
        const documents = (admin: Redis): Promise<number> => admin.exists('eu:doc:k', 'us:doc:k', 'asia:doc:k')
        expect(await Promise.all([documents(admins.eu), documents(admins.main)])).toEqual([1, 2])
        expect(await admins.eu.exists('eu:doc:k')).toBe(1)
      },
    )

    test.each(['eu', 'us'])('are published by the commit itself, one call in all: %s', async (partition) => {
      const [writer, reader] = [open(), open()]
      const [to, from] = [writer, reader].map((each) => each.collection(docs, { partition }))
      await from?.get('k')
      await to?.assign('k', { n: 1 })
      const [own, other] = partition === 'eu' ? [admins.eu, admins.main] : [admins.main, admins.eu]
      await Promise.all([own.config('RESETSTAT'), other.config('RESETSTAT')])
      await to?.assign('k', { n: 2 })
      await vi.waitFor(() => expect(from?.peek('k')).toEqual({ n: 2 }), WAIT)
      // the PUBLISH is the script's own
      expect(await callsOf(own)).toMatchObject({ evalsha: 1, publish: 1 })
      const elsewhere = await callsOf(other)
      for (const call of ['evalsha', 'publish']) expect(elsewhere).not.toHaveProperty(call)
    })

    test('are published by their writer where the bus has them elsewhere', async () => {
      const partitions = { eu: servers.eu.url }
      const opened = [1, 2].map(() =>
        createInstance({ store: redisStore(servers.main.url, { partitions }), bus: redisBus(servers.main.url) }),
      )
      for (const each of opened) onTestFinished(() => each.close())
      const [to, from] = opened.map((each) => each.collection(docs, { partition: 'eu' }))
      await from?.get('k')
      await to?.assign('k', { n: 1 })
      await vi.waitFor(() => expect(from?.peek('k')).toEqual({ n: 1 }), WAIT)
    })

    test('are named in a URL too', async () => {
      await using store = adapter.store(new URL(urlOf()))
      await using bus = adapter.bus(new URL(urlOf()))
      await store.heads([{ scope: { partition: 'eu', section: 's' } }])
      expect(await admins.eu.exists('eu:s::meta')).toBe(1)
      await vi.waitFor(() => expect(bus.inCommit?.serverFor('eu')).toBeDefined(), WAIT)
      expect(bus.inCommit?.serverFor('eu')).not.toBe(bus.inCommit?.serverFor('us'))
    })

    test('go on when another server is killed; its own wait for it', async () => {
      const [writer, reader] = [open(), open()]
      const events: SyncEvent[] = []
      reader.onEvent((event) => events.push(event))
      const [eu, us] = ['eu', 'us'].map((partition) => ({
        to: writer.collection(docs, { partition }),
        from: reader.collection(docs, { partition }),
      }))
      if (!eu || !us) throw new Error('two are opened')
      for (const { to, from } of [eu, us]) {
        await from.get('k')
        await to.assign('k', { n: 0 })
        await vi.waitFor(() => expect(from.peek('k')).toEqual({ n: 0 }), WAIT)
      }
      await servers.eu.kill()
      const waiting = eu.to.assign('k', { n: 1 })
      const unknown = eu.from.get('other')
      for (let n = 1; n <= 20; n++) {
        await us.to.assign('k', { n })
        await vi.waitFor(() => expect(us.from.peek('k')).toEqual({ n }), WAIT)
      }
      expect(await us.from.get('other')).toBeUndefined()
      expect(writer.health().state).toBe('stale')
      expect(await us.to.update('k', (doc) => void doc.n++)).toMatchObject({ version: 22 })
      await servers.eu.restart()
      await waiting
      expect(await unknown).toBeUndefined()
      await vi.waitFor(() => expect(eu.from.peek('k')).toEqual({ n: 1 }), WAIT)
      await vi.waitFor(
        () => expect([writer, reader].map((each) => each.health().state)).toEqual(['live', 'live']),
        WAIT,
      )
      const statuses = events.flatMap((event) => (event.type === 'bus' ? [event.status] : []))
      expect(statuses.slice(-2)).toEqual(['interrupted', 'resumed'])
    })

    test('do not wait for a server that is frozen, whatever is asked of it', async () => {
      const partitions = { eu: servers.eu.url }
      const sync = createInstance({
        store: redisStore(servers.main.url, { partitions, timeout: '1h' }),
        bus: redisBus(servers.main.url, { partitions, timeout: '1h' }),
        checkInterval: 50,
      })
      onTestFinished(() => sync.close())
      const [eu, us] = ['eu', 'us'].map((partition) => sync.collection(docs, { partition }))
      if (!eu || !us) throw new Error('two are opened')
      await Promise.all([eu.get('k'), us.get('k')])
      await servers.eu.pause()
      onTestFinished(() => servers.eu.resume())
      const waiting: Promise<unknown>[] = []
      for (let round = 0; round < 10; round++) {
        const keys = Array.from({ length: 20 }, (_, at) => `${round} ${at}`)
        // in the same turn, so that what can go together does
        waiting.push(...keys.map((key) => eu.assign(key, { n: round })), ...keys.map((key) => eu.get(`absent ${key}`)))
        await Promise.all([
          ...keys.map((key) => us.assign(key, { n: round })),
          ...keys.map((key) => us.get(`absent ${key}`)),
        ])
      }
      await sync.catchUp({ partition: 'us', section: 'doc' })
      await servers.eu.resume()
      await Promise.all(waiting)
    })

    test('are not cut off in quiet, over Streams, where their line may be silent for less time than the others', async () => {
      const partitions = { eu: `${servers.eu.url}?timeout=300ms` }
      await using bus = redisBus(servers.main.url, { partitions, transport: 'streams' })
      const statuses: string[] = []
      bus.onStatus((status) => statuses.push(status))
      await bus.subscribe({ partition: 'eu', section: 'doc' }, () => {})
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      expect(statuses).toEqual(['connected'])
    })

    test('are asked for in one call, answered in its order', async () => {
      const partitions = { eu: servers.eu.url, fr: servers.eu.url }
      const sync = open()
      await using store = redisStore(servers.main.url, { partitions })
      const places = ['eu', 'us', 'fr', 'asia'].flatMap((partition) => ['a', 'b'].map((key) => ({ partition, key })))
      await using writer = createInstance({
        store: redisStore(servers.main.url, { partitions }),
        bus: redisBus(servers.main.url),
      })
      for (const [n, { partition, key }] of places.entries())
        await writer.collection(docs, { partition }).assign(key, { n })
      await sync.flush()
      const property = fc.asyncProperty(fc.array(fc.nat(places.length - 1), { maxLength: 20 }), async (asked) => {
        const refs = asked.map(
          (n): DocumentRef => ({ section: 'doc', ...(places[n] as { partition: string; key: string }) }),
        )
        const loaded = await store.load(refs)
        expect(loaded.map(({ document }) => JSON.parse(document?.text ?? 'null'))).toEqual(asked.map((n) => ({ n })))
        const heads = await store.heads(refs.map((scope) => ({ scope })))
        expect(heads.map(({ document }) => document?.version)).toEqual(asked.map(() => 1))
      })
      await fc.assert(property, { numRuns: 30 })
      const keys: string[] = []
      for await (const key of store.keys({ partition: 'fr', section: 'doc' })) keys.push(key)
      expect(keys.sort()).toEqual(['a', 'b'])
    })
  },
)
