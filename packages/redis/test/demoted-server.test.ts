import { canTest, startRedis } from '@sync/brokers'
import { createInstance, defineCollection } from '@sync/core'
import { redisBus, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { describe, expect, it, vi } from 'vitest'
import { openMovableName } from './movable-name.ts'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })

/** Longest acceptable delay after a fail-over. */
const SOON = { timeout: 5_000, interval: 5 }
const WAIT = { timeout: 20_000, interval: 5 }

const CASES = (['ioredis', 'redis'] as const).flatMap((client) =>
  (['pubsub', 'streams'] as const).map((transport) => [client, transport] as const),
)

describe.runIf(await canTest('a master that becomes a replica', { broker: 'redis', controllable: true }))(
  'a master that stays up as a replica',
  { timeout: 60_000 },
  () => {
    /** Starts a master and a replica behind a name. Connections that are open stay on the server that they reached. */
    async function openPair() {
      await using stack = new AsyncDisposableStack()
      const [first, second] = [stack.use(await startRedis()), stack.use(await startRedis())]
      const [firstAdmin, secondAdmin] = [first, second].map(({ url }) =>
        stack.adopt(
          new Redis(url).on('error', () => {}),
          async (admin) => admin.disconnect(),
        ),
      ) as [Redis, Redis]
      await secondAdmin.replicaof('127.0.0.1', first.port)
      const name = stack.use(await openMovableName(first.port))
      const resources = stack.move()
      return {
        url: name.url,
        demotedUrl: first.url,
        demotedAdmin: firstAdmin,
        /** Waits until the replica has the document. */
        replicated: (key: string) => vi.waitFor(async () => expect(await secondAdmin.exists(key)).toBe(1), WAIT),
        /** Swaps the roles. With `cutOff`, the old master receives nothing from the new one. */
        async swapRoles({ cutOff = false } = {}) {
          await secondAdmin.replicaof('NO', 'ONE')
          await firstAdmin.replicaof('127.0.0.1', cutOff ? 1 : second.port)
        },
        /** Makes the name lead to the new master. */
        moveName: () => name.moveTo(second.port),
        [Symbol.asyncDispose]: () => resources.disposeAsync(),
      }
    }

    type Case = (typeof CASES)[number]

    /** Opens an instance that checks the store only after an event, because its interval is an hour. */
    function openInstance(url: string, [client, transport]: Case, storeUrl = url) {
      const bus = redisBus(url, { client, transport })
      const sync = createInstance({ store: redisStore(storeUrl, { client }), bus, checkInterval: '1h' })
      const statuses: string[] = []
      bus.onStatus((status) => statuses.push(status))
      const collection = sync.collection(docs, { partition: 'p' })
      return { bus, collection, statuses, [Symbol.asyncDispose]: () => sync.close() }
    }

    it.each(CASES)('delivers a later change to an instance that only reads, over %s and %s', async (...each) => {
      await using pair = await openPair()
      await using reader = openInstance(pair.url, each)
      await reader.collection.set('k', { n: 1 })
      await reader.collection.get('k')
      await pair.replicated('p:doc:k')
      await pair.swapRoles({ cutOff: true })
      pair.moveName()
      await using writer = openInstance(pair.url, each)
      await writer.collection.set('k', { n: 2 })
      await vi.waitFor(() => expect(reader.statuses).toContain('interrupted'), SOON)
      await vi.waitFor(() => expect(reader.collection.peek('k')).toEqual({ n: 2 }), SOON)
      await vi.waitFor(() => expect(reader.statuses.at(-1)).toBe('resumed'), SOON)
      await writer.collection.set('k', { n: 3 })
      await vi.waitFor(() => expect(reader.collection.peek('k')).toEqual({ n: 3 }), SOON)
    })

    it.each(CASES)('delivers its writes to new processes, over %s and %s', async (...each) => {
      await using pair = await openPair()
      await using writer = openInstance(pair.url, each)
      await writer.collection.set('k', { n: 1 })
      await pair.replicated('p:doc:k')
      await pair.swapRoles()
      pair.moveName()
      await using reader = openInstance(pair.url, each)
      await reader.collection.get('k')
      await writer.collection.set('k', { n: 2 })
      await vi.waitFor(() => expect(reader.collection.peek('k')).toEqual({ n: 2 }), SOON)
    })

    it.each(CASES)('stays interrupted until the name leads to the new master, over %s and %s', async (...each) => {
      await using pair = await openPair()
      await using reader = openInstance(pair.url, each)
      await reader.collection.set('k', { n: 1 })
      await pair.replicated('p:doc:k')
      await pair.swapRoles()
      await vi.waitFor(() => expect(reader.statuses).toContain('interrupted'), SOON)
      const accepted = async () =>
        Number(/total_connections_received:(\d+)/.exec(await pair.demotedAdmin.info('stats'))?.[1])
      /** Waits until the bus has tried again on the replica. */
      const waitForReconnects = async (): Promise<void> => {
        const before = await accepted()
        await vi.waitFor(async () => expect(await accepted()).toBeGreaterThan(before + 2), WAIT)
      }
      await waitForReconnects()
      const since = reader.statuses.length
      await waitForReconnects()
      expect([reader.statuses.at(-1), reader.statuses.length]).toEqual(['interrupted', since])
      pair.moveName()
      await vi.waitFor(() => expect(reader.statuses.at(-1)).toBe('resumed'), SOON)
    })

    it.each(CASES)(
      'moves a bus that began on the replica once a store is refused there, over %s and %s',
      async (...each) => {
        await using pair = await openPair()
        {
          await using seed = openInstance(pair.url, each)
          await seed.collection.set('k', { n: 1 })
        }
        await pair.replicated('p:doc:k')
        await pair.swapRoles()
        await using writer = openInstance(pair.url, each)
        await writer.bus.subscribe({ partition: 'p', section: 'doc' }, () => {})
        const written = writer.collection.set('k', { n: 2 })
        await vi.waitFor(() => expect(writer.statuses).toContain('interrupted'), SOON)
        pair.moveName()
        await written
        await using reader = openInstance(pair.url, each)
        await reader.collection.get('k')
        await writer.collection.set('k', { n: 3 })
        await vi.waitFor(() => expect(reader.collection.peek('k')).toEqual({ n: 3 }), SOON)
        await reader.collection.set('k', { n: 4 })
        await writer.collection.get('k')
        await vi.waitFor(() => expect(writer.collection.peek('k')).toEqual({ n: 4 }), SOON)
      },
    )

    it.each(['ioredis', 'redis'] as const)('keeps a bus live that was opened on a replica, over %s', async (client) => {
      await using pair = await openPair()
      await using writer = openInstance(pair.url, [client, 'pubsub'])
      await writer.collection.set('k', { n: 1 })
      await pair.replicated('p:doc:k')
      await pair.swapRoles()
      await using reader = redisBus(pair.demotedUrl, { client })
      const statuses: string[] = []
      reader.onStatus((status) => statuses.push(status))
      await reader.subscribe({ partition: 'p', section: 'doc' }, () => {})
      let questions = 0
      const monitor = (await pair.demotedAdmin.monitor()).on('error', () => {})
      monitor.on('monitor', (_time: string, [command, section]: string[]) => {
        if (command === 'INFO' && section === 'replication') questions++
      })
      await vi.waitFor(() => expect(questions).toBeGreaterThan(1), WAIT)
      monitor.disconnect()
      expect(statuses).toEqual(['connected'])
    })
  },
)
