import { canTest, type RedisCluster, startRedis, startRedisCluster } from '@sync/brokers'
import { describeStoreConformance } from '@sync/conformance'
import {
  BusUnavailableError,
  type ChangeBus,
  createInstance,
  defineCollection,
  type SyncInstance,
  type SyncInstanceOptions,
} from '@sync/core'
import { redisBus, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { isSameServer } from '../src/connection/cluster-identity.ts'
import { openConnection } from '../src/connection/open.ts'
import { metaKey } from '../src/names.ts'
import { clusterStoreHarness, clusterUrl, startTestCluster } from './cluster-harness.ts'
import { WriteLoad } from './cluster-load.ts'
import { openClusterClient } from './open-client.ts'

const docs = defineCollection<{ n: number }>({ section: 'load', ttl: 'never' })
const byDocument = defineCollection<{ n: number }>({ section: 'by-key', ttl: 'never', subscribeBy: 'document' })
/** Leaves the bus as the only way by which a change reaches a replica in time. */
const BUS_ONLY = { checkInterval: '1h' } as const
/** Partitions by client, distributed over the nodes. */
const PARTITIONS = { ioredis: ['a', 'b', 'c', 'd', 'e', 'f'], redis: ['g', 'h', 'i', 'j', 'k', 'l'] } as const
const KEYS = 10

/** Resolves when the bus knows the identity of its cluster. */
const waitForIdentity = (bus: ChangeBus): Promise<void> =>
  vi.waitFor(() => expect(bus.inCommit?.serverFor('p')).toBeDefined(), { timeout: 5_000, interval: 5 })

describe.runIf(await canTest('store and bus on a Redis Cluster', { broker: 'redis', controllable: true }))(
  'redisStore() and redisBus() in a Redis Cluster',
  () => {
    let cluster: RedisCluster
    beforeAll(async () => {
      cluster = await startTestCluster()
    }, 60_000)
    afterAll(() => cluster[Symbol.asyncDispose]())

    describeStoreConformance({
      name: 'the store on a Redis Cluster',
      async createHarness() {
        const harness = clusterStoreHarness(cluster)
        // three fail-overs take too long here; `pnpm conformance --adapter redis-cluster` includes them
        const { failOver: _, ...faults } = harness.faults ?? {}
        return { ...harness, faults }
      },
      runner: { describe, it },
    })

    it('leave publishing to the writer when the bus is on another cluster', async () => {
      await using other = await startRedisCluster({ masters: 1 })
      const at = clusterUrl(other)
      const bus = redisBus(at)
      await using writer = createInstance({ store: redisStore(clusterUrl(cluster)), bus })
      await using reader = createInstance({ ...BUS_ONLY, store: redisStore(clusterUrl(cluster)), bus: redisBus(at) })
      await waitForIdentity(bus)
      const [writing, reading] = [writer, reader].map((each) => each.collection(docs, { partition: 'apart' }))
      await reading?.get('k')
      await writing?.assign('k', { n: 1 })
      await vi.waitFor(() => expect(reading?.peek('k')).toEqual({ n: 1 }), { timeout: 5_000, interval: 1 })
    })

    it.each(['pubsub', 'streams'] as const)(
      'have some partitions while a single server has the others, over %s',
      async (transport) => {
        await using server = await startRedis()
        const options = { partitions: { [`eu-${transport}`]: clusterUrl(cluster) } }
        const open = (): SyncInstance =>
          createInstance({
            ...BUS_ONLY,
            store: redisStore(server.url, options),
            bus: redisBus(server.url, { ...options, transport }),
          })
        await using writer = open()
        await using reader = open()
        for (const partition of [`eu-${transport}`, `us-${transport}`]) {
          const [writing, reading] = [writer, reader].map((each) => each.collection(docs, { partition }))
          await reading?.get('k')
          await writing?.assign('k', { n: 1 })
          await vi.waitFor(() => expect(reading?.peek('k')).toEqual({ n: 1 }), { timeout: 5_000, interval: 1 })
        }
        const admin = new Redis(server.url)
        expect(await admin.keys('*-*:load:k')).toEqual([`us-${transport}:load:k`])
        admin.disconnect()
      },
    )

    describe.each(['ioredis', 'redis'] as const)('over %s', (client) => {
      const partitions = PARTITIONS[client]
      const url = (): string => clusterUrl(cluster, client)
      const open = (options: Partial<SyncInstanceOptions> = {}): SyncInstance =>
        createInstance({ store: redisStore(url()), bus: redisBus(url()), ...options })

      /** Opens a bus that can publish only within commits. */
      const openInCommitBus = (at = url()): ChangeBus => {
        const bus = redisBus(at)
        bus.publish = () => Promise.reject(new BusUnavailableError('publish is disabled'))
        return bus
      }

      it('use a client that is passed, and leave it open', async () => {
        const { opened, isOpen, end } = await openClusterClient(cluster, client)
        {
          await using writer = createInstance({ store: redisStore(opened), bus: redisBus(opened) })
          await using reader = open()
          const reading = reader.collection(docs, { partition: `passed ${client}` })
          await reading.get('k')
          await writer.collection(docs, { partition: `passed ${client}` }).assign('k', { n: 1 })
          await vi.waitFor(() => expect(reading.peek('k')).toEqual({ n: 1 }), { interval: 1 })
        }
        expect(await isOpen()).toBe(true)
        await end()
      })

      it.each([docs, byDocument])('publish within the commit, of section $section', async (definition) => {
        const bus = openInCommitBus()
        await using writer = open({ bus })
        await using reader = open(BUS_ONLY)
        const failures: string[] = []
        writer.onEvent(({ type }) => void (type === 'publish-failed' && failures.push(type)))
        const [writing, reading] = [writer, reader].map((each) =>
          partitions.map((partition) => each.collection(definition, { partition })),
        )
        await Promise.all((reading ?? []).map((each) => each.get('a:{b}')))
        await waitForIdentity(bus)
        await Promise.all((writing ?? []).map((each, n) => each.assign('a:{b}', { n })))
        for (const [n, each] of (reading ?? []).entries())
          await vi.waitFor(() => expect(each.peek('a:{b}')).toEqual({ n }), { timeout: 5_000, interval: 1 })
        expect(failures).toEqual([])
      })

      it('work with only the permissions in the README', async () => {
        const rules = `+@scripting +@hash +@sortedset +@stream +@string +@keyspace +@pubsub +info +time +ping +client +cluster ~{acl-${client}:* &__dataChanged*`
        await Promise.all(
          cluster.nodes.map(async (node) => {
            const admin = new Redis(node.url)
            await admin.call('ACL', 'SETUSER', 'ann', 'reset', 'on', '>pass', ...rules.split(' '))
            admin.disconnect()
          }),
        )
        const at = url().replace('redis://', 'redis://ann:pass@')
        const bus = openInCommitBus(at)
        await using writer = open({ store: redisStore(at), bus })
        await using reader = open({ ...BUS_ONLY, store: redisStore(at), bus: redisBus(at) })
        await waitForIdentity(bus)
        const [writing, reading] = [writer, reader].map((each) => each.collection(docs, { partition: `acl-${client}` }))
        // a publish without receivers must not count as a migrating slot
        const failures: string[] = []
        writer.onEvent(({ type }) => void (type === 'publish-failed' && failures.push(type)))
        await writing?.assign('k', { n: 1 })
        await reading?.get('k')
        await writing?.assign('k', { n: 2 })
        await vi.waitFor(() => expect(reading?.peek('k')).toEqual({ n: 2 }), { timeout: 5_000, interval: 1 })
        await writer.flush()
        expect(failures).toEqual([])
      })

      it('reach subscribers on the node that a slot is leaving', async () => {
        const [bus, inCommitBus] = [redisBus(url()), openInCommitBus()]
        await using writer = open({ bus })
        await using dying = open({ bus: inCommitBus })
        await using reader = open(BUS_ONLY)
        await using checking = open({ checkInterval: 500 })
        const at = { partition: `leaving ${client}` }
        const [writing, unpublished, reading, checked] = [writer, dying, reader, checking].map((each) =>
          each.collection(docs, at),
        )
        await writing?.assign('k', { n: 1 })
        await Promise.all([reading, checked, unpublished].map((each) => each?.get('k')))
        await Promise.all([bus, inCommitBus].map(waitForIdentity))
        const slot = await cluster.slotOf(metaKey({ ...at, section: 'load' }, { cluster: true }))
        const from = await cluster.masterOf(slot)
        const masters = await Promise.all([0, 6_000, 12_000].map((each) => cluster.masterOf(each)))
        const to = masters.find((each) => each !== from)
        if (!to) throw new Error('expected a second master')
        const onHalfway = async (): Promise<void> => {
          const admin = new Redis(from.url)
          const keys = (await admin.cluster('GETKEYSINSLOT', slot, 100)) as string[]
          if (keys.length > 0) await admin.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'KEYS', ...keys)
          admin.disconnect()
          await writing?.assign('k', { n: 2 })
          await vi.waitFor(() => expect(reading?.peek('k')).toEqual({ n: 2 }), { timeout: 5_000, interval: 1 })
          // like a writer that dies between commit and publish: the heartbeat check finds the change
          await unpublished?.assign('k', { n: 3 })
          await vi.waitFor(() => expect(checked?.peek('k')).toEqual({ n: 3 }), { timeout: 5_000, interval: 10 })
          expect(reading?.peek('k')).toEqual({ n: 2 })
        }
        await cluster.moveSlot({ slot, to, onHalfway })
        // the bus emits interrupted and resumed, after which all sections are checked
        await vi.waitFor(() => expect(reading?.peek('k')).toEqual({ n: 3 }), { timeout: 10_000, interval: 10 })
      }, 60_000)

      it('accept concurrent publishes before the connections are open', async () => {
        await using bus = redisBus(url())
        const changes = partitions.flatMap((partition) =>
          [1, 2, 3].map((sequence) => ({
            partition,
            change: { key: 'k', epoch: 'e', origin: 'o', sequence, text: '[]' },
          })),
        )
        await Promise.all(changes.map(({ partition, change }) => bus.publish({ partition, section: 'load' }, [change])))
      })

      it('report a migrated slot even if a command is in flight on its connection', async () => {
        await using stack = new AsyncDisposableStack()
        const connection = stack.adopt(await openConnection(url(), { timeout: 3_000, client }), (each) => each.close())
        const subscriber = stack.adopt(connection.fork(), (each) => each.close())
        const states: string[] = []
        subscriber.onState((state) => states.push(state))
        await vi.waitFor(() => expect(states).toEqual(['up']), { timeout: 5_000, interval: 5 })
        const slot = await cluster.slotOf('migrated')
        const from = await cluster.masterOf(slot)
        await subscriber.subscribe('migrated', () => {})
        // WAIT for more replicas than exist keeps a command in flight
        const waiting = subscriber.send(['WAIT', '9', '500']).catch(() => {})
        const masters = await Promise.all([0, 6_000, 12_000].map((each) => cluster.masterOf(each)))
        await cluster.moveSlot({ slot, to: masters.find((each) => each !== from) ?? from })
        await vi.waitFor(() => expect(states.slice(0, 3)).toEqual(['up', 'down', 'up']), {
          timeout: 10_000,
          interval: 5,
        })
        await waiting
      }, 30_000)

      it('apply every update once while a slot migrates to a node without the script', async () => {
        await using writer = open()
        await using reader = open()
        const moving = `moving ${client}`
        const [counting, watching] = [writer, reader].map((each) => each.collection(docs, { partition: moving }))
        await counting?.create('k', { n: 0 })
        await watching?.get('k')
        const slot = await cluster.slotOf(metaKey({ partition: moving, section: 'load' }, { cluster: true }))
        const from = await cluster.masterOf(slot)
        const masters = await Promise.all([0, 6_000, 12_000].map((each) => cluster.masterOf(each)))
        const to = masters.find((each) => each !== from)
        if (!to) throw new Error('expected a second master')
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
        // the node got the text by EVAL, and EVALSHA from then on
        expect(await admin.info('commandstats')).toMatch(/cmdstat_eval:calls=\d/)
        expect(await admin.info('commandstats')).toMatch(/cmdstat_evalsha:calls=\d/)
        admin.disconnect()
        expect(await counting?.get('k')).toEqual({ n: done })
        await vi.waitFor(() => expect(watching?.peek('k')).toEqual({ n: done }), { timeout: 10_000 })
      }, 60_000)

      it('lose no acknowledged write without lost: true when a slot migrates and a master dies', {
        timeout: 90_000,
      }, async () => {
        const bus = redisBus(url())
        await using writer = open({ bus })
        await using reader = open()
        await waitForIdentity(bus)
        const before = bus.inCommit?.serverFor('p')
        const lostPartitions = new Set<string>()
        const statuses: string[] = []
        for (const each of [writer, reader])
          each.onEvent((event) => {
            if (event.type === 'epoch' && event.lost) lostPartitions.add(event.partition)
            if (event.type === 'bus' && each === reader) statuses.push(event.status)
          })
        const writing = partitions.map((partition) => writer.collection(docs, { partition }))
        const reading = partitions.map((partition) => reader.collection(docs, { partition }))
        const keys = Array.from({ length: KEYS }, (_, n) => `k${n}`)
        await Promise.all(reading.flatMap((each) => keys.map((key) => each.get(key))))

        using load = new WriteLoad(writing, keys)
        const slotOf = (partition: string): Promise<number> =>
          cluster.slotOf(metaKey({ partition, section: 'load' }, { cluster: true }))
        await load.untilMoreWrites()
        const moving = await slotOf(partitions[0])
        const from = await cluster.masterOf(moving)
        const owners = await Promise.all(partitions.map(async (each) => cluster.masterOf(await slotOf(each))))
        const to = owners.find((owner) => owner !== from)
        if (!to) throw new Error('expected sections on several nodes')
        statuses.length = 0
        await cluster.moveSlot({ slot: moving, to })
        await vi.waitFor(() => expect(statuses.slice(0, 2)).toEqual(['interrupted', 'resumed']), { timeout: 10_000 })
        await load.untilMoreWrites()
        const killed = await cluster.masterOf(moving)
        await killed.kill()
        // opened while no node serves those slots
        await using late = open()
        const found = late.collection(docs, { partition: partitions[0] })
        const early = found.get('k0').catch(() => {})
        await cluster.waitUntilStable()
        await early
        await vi.waitFor(async () => expect(await found.get('k0')).toBeDefined(), { timeout: 10_000 })
        await load.untilMoreWrites()
        await load.stop()

        // the cluster's identity has not changed
        await using reopened = redisBus(url())
        await waitForIdentity(reopened)
        expect(isSameServer(reopened.inCommit?.serverFor('p'), before)).toBe(true)

        await using store = redisStore(url())
        for (const [at, partition] of partitions.entries()) {
          for (const key of keys) {
            const [loaded] = await store.load([{ partition, section: 'load', key }])
            const stored = JSON.parse(loaded?.document?.text ?? 'null') as { n: number } | null
            const acknowledged = load.acknowledged.get(`${at}:${key}`) ?? 0
            if ((stored?.n ?? 0) < acknowledged)
              expect(
                [...lostPartitions],
                `${partition} ${key}: ${stored?.n} of ${acknowledged}, without lost: true`,
              ).toContain(partition)
            await vi.waitFor(() => expect(reading[at]?.peek(key), `${partition} ${key}`).toEqual(stored), {
              timeout: 30_000,
            })
            expect(await writing[at]?.get(key), `${partition} ${key} at the writer`).toEqual(stored)
          }
        }
        await killed.restart()
        await cluster.waitUntilStable()
      })
    })
  },
)
