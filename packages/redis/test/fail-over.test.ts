import { canTest, startProxy, startRedis } from '@sync/brokers'
import { type Collection, createInstance, defineCollection, memoryBus, type SyncEvent } from '@sync/core'
import { redisBus, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { describe, expect, it, vi } from 'vitest'
import { openMovableName } from './movable-name.ts'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })
type Docs = Collection<{ n: number }>

const WAIT = { timeout: 20_000, interval: 5 }

describe.runIf(await canTest('a fail-over of Redis', { broker: 'redis', controllable: true }))(
  'a fail-over to a replica',
  () => {
    /** Starts a master and a replica, which takes over the master's address on `promote`. `fallBehind` stops the replication. */
    async function openPair() {
      await using stack = new AsyncDisposableStack()
      const master = stack.use(await startRedis())
      const replica = stack.use(await startRedis())
      const replication = stack.use(await startProxy({ target: master.url }))
      const admin = stack.adopt(new Redis(replica.url), async (client) => client.disconnect())
      await admin.replicaof('127.0.0.1', replication.port)
      const waitForReplica = async (): Promise<void> => {
        const before = new Redis(master.url)
        await vi.waitFor(async () => {
          const [masterInfo, replicaInfo] = await Promise.all([before, admin].map((each) => each.info('replication')))
          expect(replicaInfo).toContain('master_link_status:up')
          const offset = /master_repl_offset:(\d+)/
          expect(offset.exec(replicaInfo ?? '')?.[1]).toBe(offset.exec(masterInfo ?? '')?.[1])
        }, WAIT)
        before.disconnect()
      }
      await waitForReplica()
      const before = stack.use(await startProxy({ target: master.url }))
      const resources = stack.move()
      return {
        url: before.url,
        waitForReplica,
        fallBehind: () => replication.refuse(),
        async promote() {
          await master.kill()
          await admin.replicaof('NO', 'ONE')
          await before.refuse()
          resources.use(await startProxy({ target: replica.url, port: before.port }))
        },
        [Symbol.asyncDispose]: () => resources.disposeAsync(),
      }
    }

    /** Opens an instance that checks the store only after an event, because its interval is an hour. */
    function openInstance(url: string, busUrl = url) {
      const sync = createInstance({ store: redisStore(url), bus: redisBus(busUrl), checkInterval: '1h' })
      const epochs: Extract<SyncEvent, { type: 'epoch' }>[] = []
      sync.onEvent((event) => {
        if (event.type === 'epoch') epochs.push(event)
      })
      const collection: Docs = sync.collection(docs, { partition: 'p' })
      return { sync, collection, epochs, [Symbol.asyncDispose]: () => sync.close() }
    }

    it('causes no reload and no lost: true when the replica has every commit', {
      timeout: 60_000,
    }, async () => {
      await using pair = await openPair()
      await using writer = openInstance(pair.url)
      await using reader = openInstance(pair.url)
      await writer.collection.create('k', { n: 0 })
      await writer.collection.create('unchanged', { n: 1 })
      await Promise.all([writer, reader].map(({ collection }) => collection.getMany(['k', 'unchanged'])))
      const unchanged = [writer, reader].map(({ collection }) => collection.peek('unchanged'))
      const increment = (): Promise<unknown> =>
        writer.collection.update('k', (doc) => {
          doc.n++
        })
      for (let n = 0; n < 20; n++) await increment()
      await pair.waitForReplica()
      await pair.promote()
      await Promise.all(Array.from({ length: 20 }, increment))
      expect(await writer.collection.get('k')).toEqual({ n: 40 })
      await vi.waitFor(() => expect(reader.collection.peek('k')).toEqual({ n: 40 }), WAIT)
      expect([writer, reader].map(({ epochs }) => epochs.map(({ lost }) => lost))).toEqual([[false], [false]])
      expect([writer, reader].map(({ sync }) => sync.stats().reloads)).toEqual([0, 0])
      expect([writer, reader].map(({ collection }) => collection.peek('unchanged'))).toEqual(unchanged)
      for (const [at, { collection }] of [writer, reader].entries())
        expect(collection.peek('unchanged')).toBe(unchanged[at])
    })

    it('rolls back instances that saw a lost commit, and reports lost: true only to them', {
      timeout: 60_000,
    }, async () => {
      await using pair = await openPair()
      await using busProxy = await startProxy({ target: pair.url })
      await using writer = openInstance(pair.url)
      await using witness = openInstance(pair.url)
      await using unaware = openInstance(pair.url, busProxy.url)
      await writer.collection.create('below', { n: 1 })
      await writer.collection.create('k', { n: 1 })
      for (const { collection } of [writer, witness, unaware]) await collection.getMany(['below', 'k'])
      await pair.waitForReplica()
      const below = [writer, witness, unaware].map(({ collection }) => collection.peek('below'))
      const copy = unaware.collection.peek('k')

      await pair.fallBehind()
      // this instance receives none of the commits that will be lost
      await busProxy.refuse()
      await writer.collection.assign('k', { n: 2 })
      await writer.collection.create('lost', { n: 1 })
      await vi.waitFor(() => expect(witness.collection.peek('k')).toEqual({ n: 2 }), WAIT)
      await pair.promote()
      await busProxy.heal()

      const expectRolledBack = ({ collection }: typeof writer): void => expect(collection.peek('k')).toEqual({ n: 1 })
      for (const each of [writer, witness, unaware]) {
        await vi.waitFor(() => expect(each.epochs).toHaveLength(1), WAIT)
        await vi.waitFor(() => expectRolledBack(each), WAIT)
        expect(await each.collection.get('lost')).toBeUndefined()
      }
      expect([writer, witness, unaware].map(({ epochs }) => epochs[0]?.lost)).toEqual([true, true, false])
      // documents from before the fork were not reloaded
      for (const [at, { collection }] of [writer, witness, unaware].entries())
        expect(collection.peek('below')).toBe(below[at])
      expect(unaware.collection.peek('k')).toBe(copy)
      expect(unaware.sync.stats().reloads).toBe(0)

      await writer.collection.assign('k', { n: 3 })
      for (const { collection } of [witness, unaware])
        await vi.waitFor(() => expect(collection.peek('k')).toEqual({ n: 3 }), WAIT)
    })

    it.each(['ioredis', 'redis'] as const)(
      'makes a %s client reconnect when its server became a replica',
      { timeout: 60_000 },
      async (client) => {
        await using stack = new AsyncDisposableStack()
        const [master, replica] = [stack.use(await startRedis()), stack.use(await startRedis())]
        const name = stack.use(await openMovableName(master.port))
        const store = redisStore(name.url, { client })
        const sync = stack.use(createInstance({ store, bus: memoryBus() }))
        const collection = sync.collection(docs, { partition: 'p' })
        await collection.assign('k', { n: 1 })
        const [before, after] = [master, replica].map(({ url }) =>
          stack.adopt(new Redis(url), async (admin) => admin.disconnect()),
        )
        await after?.replicaof('127.0.0.1', master.port)
        await vi.waitFor(async () => expect(await after?.exists('p:doc:k')).toBe(1), WAIT)
        await after?.replicaof('NO', 'ONE')
        await before?.replicaof('127.0.0.1', replica.port)
        name.moveTo(replica.port)
        await collection.assign('k', { n: 2 })
        expect(await after?.hget('p:doc:k', 'n:latest')).toBe('2')
      },
    )
  },
)

const encodedChange = { key: 'k', epoch: 'e', origin: 'o', sequence: 1, text: '["k",1,1,1,1,null]' }

describe.runIf(await canTest('a planned fail-over of Redis', { broker: 'redis', controllable: true }))(
  'a planned fail-over that leaves the old master running as a replica',
  () => {
    it.each(['ioredis', 'redis'] as const)(
      'moves a bus over %s to the new master, and reports it',
      async (client) => {
        await using stack = new AsyncDisposableStack()
        const [first, second] = await Promise.all([startRedis(), startRedis()])
        stack.use(first)
        stack.use(second)
        const name = stack.use(await openMovableName(first.port))
        const bus = stack.use(redisBus(name.url, { client }))
        const statuses: string[] = []
        bus.onStatus((status) => statuses.push(status))
        const publisher = stack.use(redisBus(second.url, { client }))
        const received: unknown[] = []
        const scope = { partition: 'p', section: 's' }
        await bus.subscribe(scope, (frame) => received.push(frame))
        // answered after the first query of the role on the same connection
        await bus.publish(scope, [encodedChange])
        const [old, next] = [first, second].map(({ url }) => stack.adopt(new Redis(url), async (c) => c.disconnect()))
        await next?.replicaof('NO', 'ONE')
        await old?.replicaof('127.0.0.1', new URL(second.url).port)
        name.moveTo(second.port)
        await vi.waitFor(() => expect(statuses).toEqual(['connected', 'interrupted', 'resumed']), WAIT)
        const seen: unknown[] = []
        await publisher.subscribe(scope, (frame) => seen.push(frame))
        await bus.publish(scope, [encodedChange])
        await vi.waitFor(() => expect([received.length, seen.length]).toEqual([2, 1]), WAIT)
      },
      60_000,
    )
  },
)
