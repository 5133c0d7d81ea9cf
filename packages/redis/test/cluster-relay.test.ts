import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { canTest, type RedisCluster, type RedisServer, startRedis, startRedisCluster } from '@sync/brokers'
import {
  BusUnavailableError,
  type ChangeBus,
  createInstance,
  createMemoryHub,
  defineCollection,
  type MemoryHub,
  memoryBus,
  type SyncInstance,
} from '@sync/core'
import { decodeFrame } from '@sync/core/adapter'
import { type RedisRelay, type RedisRelayEvent, redisBus, redisRelay, redisStore } from '@sync/redis'
import { Cluster, Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openConnection } from '../src/connection/open.ts'
import { cursorKey, leaseKeys, metaKey, outboxIndex, outboxIndexes, sectionName } from '../src/names.ts'
import { Outbox } from '../src/relay/outbox.ts'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })
const byKey = defineCollection<{ n: number }>({ section: 'by:{key}', ttl: 'never', subscribeBy: 'document' })

const CLUSTER = { cluster: true }
/** No other way leads to a replica in time. */
const NEVER = { checkInterval: '1h', reorderWindow: 1 } as const
const WAIT = { timeout: 30_000, interval: 10 }
const PARTITIONS = ['a', 'b', 'c', 'd', 'ö', 'f']

/** A bus on which nothing can be sent. */
function deaf(): ChangeBus {
  const bus = memoryBus()
  bus.publish = () => Promise.reject(new BusUnavailableError('nothing is sent here'))
  return bus
}

let tests = 0

describe.runIf(await canTest('the relay in a Redis Cluster', { broker: 'redis', controllable: true }))(
  'a relay in a Redis Cluster',
  { timeout: 90_000 },
  () => {
    let cluster: RedisCluster
    let url: string
    let admin: Cluster
    beforeAll(async () => {
      cluster = await startRedisCluster({ config: { 'stream-node-max-entries': '1' } })
      url = `${cluster.urls[0]}?cluster=true`
      const { hostname, port } = new URL(url)
      admin = new Cluster([{ host: hostname, port: Number(port) }])
    }, 60_000)
    afterEach(() => cluster.waitUntilStable())
    afterAll(async () => {
      admin?.disconnect()
      await cluster[Symbol.asyncDispose]()
    })

    const ended = <T extends AsyncDisposable>(opened: T): T => {
      onTestFinished(() => opened[Symbol.asyncDispose]())
      return opened
    }
    const writerOf = (bus: ChangeBus = deaf()): SyncInstance =>
      ended(createInstance({ ...NEVER, store: redisStore(url, { publish: 'outbox' }), bus }))
    const readerOf = (hub: MemoryHub): SyncInstance =>
      ended(createInstance({ ...NEVER, store: redisStore(url), bus: memoryBus(hub) }))
    const relayTo = (bus: ChangeBus, lease: '300ms' | '1s' | '2s' = '2s'): RedisRelay =>
      ended(redisRelay(url, { bus, lease }))
    const partitionsOf = (): string[] => {
      tests++
      return PARTITIONS.map((each) => `${each}${tests}`)
    }
    const allSent = (relay: RedisRelay): Promise<void> =>
      vi.waitFor(async () => expect(await relay.backlog()).toEqual({ sections: 0 }), { ...WAIT, interval: 100 })
    const slotOf = (partition: string): Promise<number> =>
      cluster.slotOf(metaKey({ partition, section: docs.section }, CLUSTER))
    const anotherThan = async (node: RedisServer): Promise<RedisServer> => {
      const masters = await Promise.all([0, 6_000, 12_000].map((slot) => cluster.masterOf(slot)))
      const other = masters.find((each) => each !== node)
      if (!other) throw new Error('there is one master only')
      return other
    }

    /** Hears what a relay sends of each section, the sequences in the order in which they came first. */
    async function listen(bus: ChangeBus, partitions: readonly string[]): Promise<Map<string, Set<number>>> {
      const received = new Map(partitions.map((partition) => [partition, new Set<number>()]))
      for (const [partition, own] of received)
        await bus.subscribe({ partition, section: docs.section }, (frame) => {
          for (const { sequence } of decodeFrame(frame).changes) own.add(sequence)
        })
      return received
    }

    /** Writes until it is told to stop; every acknowledged write has to be heard, in order. */
    function load(partitions: readonly string[]): {
      readonly rounds: () => number
      stop(): Promise<Map<string, number>>
    } {
      const sync = writerOf()
      const written = new Map(partitions.map((partition) => [partition, 0]))
      let stopped = false
      onTestFinished(() => {
        stopped = true
      })
      const running = partitions.map(async (partition) => {
        const collection = sync.collection(docs, { partition })
        for (let n = 1; !stopped; n++) {
          await collection.assign('k', { n })
          written.set(partition, n)
        }
      })
      return {
        rounds: () => Math.min(...written.values()),
        async stop() {
          stopped = true
          await Promise.all(running)
          return written
        },
      }
    }

    const inOrder = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1)

    /** Waits until all that was written was heard, each section's in its order. */
    async function allReceived(received: Map<string, Set<number>>, written: Map<string, number>): Promise<void> {
      for (const [partition, count] of written)
        await vi.waitFor(() => expect(received.get(partition)?.size).toBe(count), WAIT)
      for (const [partition, count] of written) expect([...(received.get(partition) ?? [])]).toEqual(inOrder(count))
    }

    it.each([docs, byKey])('sends what its writer could not, of $section', async (definition) => {
      const hub = createMemoryHub()
      const partitions = partitionsOf()
      const reader = readerOf(hub)
      const there = partitions.map((partition) => reader.collection(definition, { partition }))
      await Promise.all(there.map((each) => each.get('k')))
      const relay = relayTo(memoryBus(hub))
      const writer = writerOf()
      const here = partitions.map((partition) => writer.collection(definition, { partition }))
      for (let n = 1; n <= 10; n++) await Promise.all(here.map((each) => each.assign('k', { n })))
      for (const each of there) await vi.waitFor(() => expect(each.peek('k')).toEqual({ n: 10 }), WAIT)
      await allSent(relay)
    })

    it('sends at once what was committed while there was none', async () => {
      const hub = createMemoryHub()
      const partitions = partitionsOf()
      const received = await listen(memoryBus(hub), partitions)
      const writer = writerOf()
      for (const partition of partitions) await writer.collection(docs, { partition }).assign('k', { n: 1 })
      await writer.close()
      const relay = relayTo(memoryBus(hub))
      await allReceived(received, new Map(partitions.map((each) => [each, 1])))
      await allSent(relay)
    })

    it('that was killed is followed by another within seconds: nothing is lost, the order is kept', async () => {
      await using line = await startRedis()
      const partitions = partitionsOf()
      const received = await listen(ended(redisBus(line.url)), partitions)
      const first = await relayProcess(url, line.url)
      const second = relayTo(ended(redisBus(line.url)), '1s')
      const work = load(partitions)
      await vi.waitFor(
        () => expect(Math.min(...[...received.values()].map(({ size }) => size))).toBeGreaterThan(20),
        WAIT,
      )
      first.kill('SIGKILL')
      await vi.waitFor(() => expect(second.active).toBe(true), { ...WAIT, timeout: 10_000 })
      const goal = work.rounds() + 20
      await vi.waitFor(() => expect(work.rounds()).toBeGreaterThan(goal), WAIT)
      await allReceived(received, await work.stop())
      await allSent(second)
    })

    it('goes on while a slot with work moves', async () => {
      const hub = createMemoryHub()
      const partitions = partitionsOf()
      const received = await listen(memoryBus(hub), partitions)
      const relay = relayTo(memoryBus(hub))
      const work = load(partitions)
      const slot = await slotOf(partitions[0] ?? '')
      await vi.waitFor(() => expect(work.rounds()).toBeGreaterThan(5), WAIT)
      await cluster.moveSlot({ slot, to: await anotherThan(await cluster.masterOf(slot)) })
      const goal = work.rounds() + 20
      await vi.waitFor(() => expect(work.rounds()).toBeGreaterThan(goal), WAIT)
      await allReceived(received, await work.stop())
      await allSent(relay)
    })

    it('notes no section beside an index that has not moved yet', async () => {
      const [partition = ''] = partitionsOf()
      const section = { partition, section: docs.section }
      const index = outboxIndex(section, CLUSTER)
      // another section of its slot waits; it is itself that has nothing to be sent
      await admin.zadd(index, '1', '{x:y}')
      const collection = writerOf().collection(docs, { partition })
      await collection.assign('k', { n: 1 })
      await admin.zrem(index, sectionName(section, CLUSTER))
      const slot = await slotOf(partition)
      let written: Promise<unknown> | undefined
      // which half of the keys is moved first is the server's choice: until it is not the index
      while (!written) {
        const from = await cluster.masterOf(slot)
        const to = await anotherThan(from)
        const [source, target] = [new Redis(from.url), new Redis(to.url)]
        onTestFinished(() => {
          source.disconnect()
          target.disconnect()
        })
        await cluster.moveSlot({
          slot,
          to,
          async onHalfway() {
            const left = (await source.cluster('GETKEYSINSLOT', slot, 100)) as string[]
            const others = left.filter((key) => key !== index)
            if (others.length === left.length) return
            if (others.length > 0)
              await source.call('MIGRATE', '127.0.0.1', `${to.port}`, '', '0', '5000', 'KEYS', ...others)
            await target.config('RESETSTAT')
            written = collection.assign('k', { n: 2 })
            // it was asked of the node that has all but the index, and is asked again
            await vi.waitFor(async () => expect(await target.info('errorstats')).toContain('errorstat_TRYAGAIN'), WAIT)
          },
        })
      }
      await written
      expect(await admin.zrange(index, '0', '-1')).toEqual(['{x:y}', sectionName(section, CLUSTER)])
      await admin.del(index)
    })

    it('goes on when the master that has its lease dies', async () => {
      const hub = createMemoryHub()
      const partitions = partitionsOf()
      const received = await listen(memoryBus(hub), partitions)
      const relays = [relayTo(memoryBus(hub)), relayTo(memoryBus(hub))]
      const work = load(partitions)
      await vi.waitFor(
        () => expect(Math.min(...[...received.values()].map(({ size }) => size))).toBeGreaterThan(5),
        WAIT,
      )
      const node = await cluster.masterOf(await cluster.slotOf(leaseKeys(CLUSTER).lease))
      onTestFinished(async () => {
        await node.restart()
        await cluster.waitUntilStable()
      })
      await node.kill()
      await cluster.waitUntilStable()
      const goal = work.rounds() + 20
      await vi.waitFor(() => expect(work.rounds()).toBeGreaterThan(goal), WAIT)
      await allReceived(received, await work.stop())
      for (const relay of relays) await allSent(relay)
      await vi.waitFor(() => expect(relays.filter(({ active }) => active)).toHaveLength(1), WAIT)
    })

    it('moves no cursor back, and none that a later term has moved', async () => {
      const hub = createMemoryHub()
      const [partition = ''] = partitionsOf()
      const received = await listen(memoryBus(hub), [partition])
      const held = Promise.withResolvers<void>()
      const asked = Promise.withResolvers<void>()
      const slow = memoryBus(hub)
      slow.publish = () => {
        asked.resolve()
        return held.promise
      }
      const late = relayTo(slow, '1s')
      const collection = writerOf().collection(docs, { partition })
      await vi.waitFor(() => expect(late.active).toBe(true), WAIT)
      await collection.assign('k', { n: 1 })
      await asked.promise
      // as if it had been frozen for longer than its lease
      await admin.del(leaseKeys(CLUSTER).lease)
      const next = relayTo(memoryBus(hub), '1s')
      // it may be the late one that takes the lease again: then it is taken from it once more
      await vi.waitFor(async () => {
        if (!next.active) await admin.del(leaseKeys(CLUSTER).lease)
        expect(next.active).toBe(true)
      }, WAIT)
      await collection.assign('k', { n: 2 })
      await allSent(next)
      const cursor = cursorKey({ partition, section: docs.section }, CLUSTER)
      const noted = await admin.hgetall(cursor)
      expect(noted).toMatchObject({ sequence: '2' })
      held.resolve()
      await late.close()
      expect(await admin.hgetall(cursor)).toEqual(noted)
      expect([...(received.get(partition) ?? [])]).toEqual([1, 2])
    })

    it('begins a later term where the cluster has forgotten how many there were', async () => {
      const hub = createMemoryHub()
      const [partition = ''] = partitionsOf()
      const received = await listen(memoryBus(hub), [partition])
      const relay = relayTo(memoryBus(hub))
      const collection = writerOf().collection(docs, { partition })
      await collection.assign('k', { n: 1 })
      await allSent(relay)
      await admin.hset(cursorKey({ partition, section: docs.section }, CLUSTER), 'term', '1000000')
      const events: RedisRelayEvent['type'][] = []
      relay.onEvent(({ type }) => events.push(type))
      await collection.assign('k', { n: 2 })
      await allSent(relay)
      expect([...(received.get(partition) ?? [])]).toEqual([1, 2])
      expect(events).toEqual(['standby', 'active'])
      expect(Number(await admin.get(leaseKeys(CLUSTER).terms))).toBeGreaterThan(1_000_000)
    })

    it('finds in a few looks what nobody has told of, in whatever slot', async () => {
      const connection = await openConnection(url, { timeout: 3_000, client: 'ioredis' })
      onTestFinished(() => connection.close())
      const outbox = new Outbox(connection)
      const indexes = outboxIndexes(CLUSTER)
      const note = async (prefix: string, slots: readonly number[]): Promise<string[]> => {
        const names = slots.map((slot) => `${prefix}${slot}`)
        await Promise.all(slots.map((slot, at) => admin.zadd(indexes[slot] ?? '', `${slot}`, names[at] ?? '')))
        onTestFinished(() => void Promise.all(slots.map((slot) => admin.del(indexes[slot] ?? ''))))
        return names
      }
      const early = await note('early', [0, 511, 512, 5_460, 5_461, 10_922, 16_383])
      expect([...(await outbox.poll(8))].sort()).toEqual(early.sort())
      expect(await outbox.backlog()).toEqual({ sections: 7, since: 0 })
      // what is found must not depend on which node has which slot
      const to = await anotherThan(await cluster.masterOf(512))
      await cluster.moveSlot({ slot: 512, to })
      const late = await note('late', [1, 512, 8_000, 16_000])
      const found = new Set<string>()
      for (let looks = 0; looks < 4; looks++) for (const name of await outbox.poll(8)) found.add(name)
      expect([...found].sort()).toEqual([...early, ...late].sort())
    })

    it('asks for no more rights than the README says; without them nothing is committed', async () => {
      const allowed =
        '+@scripting +@hash +@stream +@string +@keyspace +@pubsub +info +time +ping +client +cluster ~{acl:* &__dataChanged*'
      const user = async (name: string, rules: string): Promise<string> => {
        await Promise.all(
          cluster.nodes.map(async (node) => {
            const client = new Redis(node.url)
            await client.call('ACL', 'SETUSER', name, 'reset', 'on', '>pass', ...rules.split(' '))
            client.disconnect()
          }),
        )
        return url.replace('redis://', `redis://${name}:pass@`)
      }
      const unable = ended(
        createInstance({ store: redisStore(await user('unable', allowed), { publish: 'outbox' }), bus: deaf() }),
      )
      const at = { partition: 'acl' }
      await expect(unable.collection(docs, at).assign('k', { n: 1 })).rejects.toMatchObject({ code: 'SYNC_REDIS' })
      const may = await user('able', `${allowed} +@sortedset ~__outbox* &__outbox*`)
      const hub = createMemoryHub()
      const received = await listen(memoryBus(hub), ['acl'])
      const relay = ended(redisRelay(may, { bus: memoryBus(hub) }))
      const events: RedisRelayEvent[] = []
      relay.onEvent((event) => events.push(event))
      const able = ended(createInstance({ store: redisStore(may, { publish: 'outbox' }), bus: deaf() }))
      await able.collection(docs, at).assign('k', { n: 2 })
      await allReceived(received, new Map([['acl', 1]]))
      await allSent(relay)
      expect(events.filter(({ type }) => type === 'error')).toEqual([])
    })

    it('is told by the writer, and need not look', async () => {
      const channel = '__outbox'
      const partition = `told${++tests}`
      const connection = await openConnection(url, { timeout: 3_000, client: 'ioredis' })
      const listening = connection.fork()
      onTestFinished(async () => {
        await listening.close()
        await connection.close()
      })
      const told: string[] = []
      await vi.waitFor(() => listening.subscribe(channel, (name) => told.push(name)), WAIT)
      const collection = writerOf().collection(docs, { partition })
      await collection.assign('k', { n: 1 })
      await collection.assign('k', { n: 2 })
      const name = sectionName({ partition, section: docs.section }, CLUSTER)
      await vi.waitFor(() => expect(told).toEqual([name]), WAIT)
      expect(await admin.zscore(outboxIndex({ partition, section: docs.section }, CLUSTER), name)).not.toBeNull()
      const relay = relayTo(memoryBus())
      await allSent(relay)
    })
  },
)

/** A relay in a process of its own, at work. */
async function relayProcess(store: string, bus: string): Promise<ChildProcess> {
  const program = `import { redisBus, redisRelay } from '${new URL('../src/index.ts', import.meta.url)}'
    const relay = redisRelay('${store}', { bus: redisBus('${bus}'), lease: '1s' })
    relay.onEvent(({ type }) => console.log(type))`
  const child = spawn(process.execPath, ['--conditions=@sync/source', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  for (let told = ''; !told.includes('active'); ) told += (await once(child.stdout, 'data')).join('')
  return child
}
