import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { canTest, startProxy, startRedis } from '@sync/brokers'
import { type Collection, createInstance, defineCollection, memoryBus, type SyncEvent } from '@sync/core'
import { redisBus, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { describe, expect, test, vi } from 'vitest'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })
type Docs = Collection<{ n: number }>

const patient = { timeout: 20_000, interval: 5 }

describe.runIf(await canTest('a fail-over of Redis', { broker: 'redis', controllable: true }))(
  'a replica is promoted',
  () => {
    /** A master whose replica takes its address when it is gone; `fallBehind` ends the replication before that. */
    async function openPair() {
      await using stack = new AsyncDisposableStack()
      const master = stack.use(await startRedis())
      const replica = stack.use(await startRedis())
      const replication = stack.use(await startProxy({ target: master.url }))
      const admin = stack.adopt(new Redis(replica.url), async (client) => client.disconnect())
      await admin.replicaof('127.0.0.1', replication.port)
      const synchronised = async (): Promise<void> => {
        const before = new Redis(master.url)
        await vi.waitFor(async () => {
          const [there, here] = await Promise.all([before, admin].map((each) => each.info('replication')))
          expect(here).toContain('master_link_status:up')
          const offset = /master_repl_offset:(\d+)/
          expect(offset.exec(here ?? '')?.[1]).toBe(offset.exec(there ?? '')?.[1])
        }, patient)
        before.disconnect()
      }
      await synchronised()
      const before = stack.use(await startProxy({ target: master.url }))
      const kept = stack.move()
      return {
        url: before.url,
        synchronised,
        fallBehind: () => replication.refuse(),
        async promote() {
          await master.kill()
          await admin.replicaof('NO', 'ONE')
          await before.refuse()
          kept.use(await startProxy({ target: replica.url, port: before.port }))
        },
        [Symbol.asyncDispose]: () => kept.disposeAsync(),
      }
    }

    /** An instance that asks only when something tells it to. `line`: where its bus is. */
    function openInstance(url: string, line = url) {
      const sync = createInstance({ store: redisStore(url), bus: redisBus(line), checkInterval: '1h' })
      const epochs: Extract<SyncEvent, { type: 'epoch' }>[] = []
      sync.onEvent((event) => {
        if (event.type === 'epoch') epochs.push(event)
      })
      const collection: Docs = sync.collection(docs, { partition: 'p' })
      return { sync, collection, epochs, [Symbol.asyncDispose]: () => sync.close() }
    }

    test('that has all of it: nothing is loaded again, nothing reported, nothing counted twice', {
      timeout: 60_000,
    }, async () => {
      await using pair = await openPair()
      await using a = openInstance(pair.url)
      await using b = openInstance(pair.url)
      await a.collection.create('k', { n: 0 })
      await a.collection.create('still', { n: 1 })
      await Promise.all([a, b].map(({ collection }) => collection.getMany(['k', 'still'])))
      const still = [a, b].map(({ collection }) => collection.peek('still'))
      const count = (): Promise<unknown> =>
        a.collection.update('k', (doc) => {
          doc.n++
        })
      for (let n = 0; n < 20; n++) await count()
      await pair.synchronised()
      await pair.promote()
      await Promise.all(Array.from({ length: 20 }, count))
      expect(await a.collection.get('k')).toEqual({ n: 40 })
      await vi.waitFor(() => expect(b.collection.peek('k')).toEqual({ n: 40 }), patient)
      expect([a, b].map(({ epochs }) => epochs.map(({ lost }) => lost))).toEqual([[false], [false]])
      expect([a, b].map(({ sync }) => sync.stats().reloads)).toEqual([0, 0])
      expect([a, b].map(({ collection }) => collection.peek('still'))).toEqual(still)
      for (const [at, { collection }] of [a, b].entries()) expect(collection.peek('still')).toBe(still[at])
    })

    test('that lacks the end of it: who saw that goes back and is told, who did not goes on', {
      timeout: 60_000,
    }, async () => {
      await using pair = await openPair()
      await using line = await startProxy({ target: pair.url })
      await using writer = openInstance(pair.url)
      await using witness = openInstance(pair.url)
      await using unaware = openInstance(pair.url, line.url)
      await writer.collection.create('below', { n: 1 })
      await writer.collection.create('k', { n: 1 })
      for (const { collection } of [writer, witness, unaware]) await collection.getMany(['below', 'k'])
      await pair.synchronised()
      const below = [writer, witness, unaware].map(({ collection }) => collection.peek('below'))
      const copy = unaware.collection.peek('k')

      await pair.fallBehind()
      // it hears nothing of what is about to be lost
      await line.refuse()
      await writer.collection.assign('k', { n: 2 })
      await writer.collection.create('only there', { n: 1 })
      await vi.waitFor(() => expect(witness.collection.peek('k')).toEqual({ n: 2 }), patient)
      await pair.promote()
      await line.heal()

      const goneBack = ({ collection }: typeof writer): void => expect(collection.peek('k')).toEqual({ n: 1 })
      for (const each of [writer, witness, unaware]) {
        await vi.waitFor(() => expect(each.epochs).toHaveLength(1), patient)
        await vi.waitFor(() => goneBack(each), patient)
        expect(await each.collection.get('only there')).toBeUndefined()
      }
      expect([writer, witness, unaware].map(({ epochs }) => epochs[0]?.lost)).toEqual([true, true, false])
      // what stands below the fork was not even looked at
      for (const [at, { collection }] of [writer, witness, unaware].entries())
        expect(collection.peek('below')).toBe(below[at])
      expect(unaware.collection.peek('k')).toBe(copy)
      expect(unaware.sync.stats().reloads).toBe(0)

      await writer.collection.assign('k', { n: 3 })
      for (const { collection } of [witness, unaware])
        await vi.waitFor(() => expect(collection.peek('k')).toEqual({ n: 3 }), patient)
    })

    test.each(['ioredis', 'redis'] as const)(
      'while the master lives on as its replica: a line of %s that still leads there is opened again',
      { timeout: 60_000 },
      async (client) => {
        await using stack = new AsyncDisposableStack()
        const [master, replica] = [stack.use(await startRedis()), stack.use(await startRedis())]
        let { port } = master
        const open = new Set<Socket>()
        // as a name that leads elsewhere from now on: lines that are open stay where they are
        const name = createServer((socket) => {
          const there = connect(port, '127.0.0.1')
          for (const each of [socket, there]) open.add(each.on('error', () => {}))
          socket.pipe(there).pipe(socket)
        }).listen(0, '127.0.0.1')
        await once(name, 'listening')
        stack.defer(() => {
          name.close()
          for (const each of open) each.destroy()
        })
        const store = redisStore(`redis://127.0.0.1:${(name.address() as AddressInfo).port}`, { client })
        const sync = stack.use(createInstance({ store, bus: memoryBus() }))
        const collection = sync.collection(docs, { partition: 'p' })
        await collection.assign('k', { n: 1 })
        const [before, after] = [master, replica].map(({ url }) =>
          stack.adopt(new Redis(url), async (admin) => admin.disconnect()),
        )
        await after?.replicaof('127.0.0.1', master.port)
        await vi.waitFor(async () => expect(await after?.exists('p:doc:k')).toBe(1), patient)
        await after?.replicaof('NO', 'ONE')
        await before?.replicaof('127.0.0.1', replica.port)
        port = replica.port
        await collection.assign('k', { n: 2 })
        expect(await after?.hget('p:doc:k', 'n:latest')).toBe('2')
      },
    )
  },
)
