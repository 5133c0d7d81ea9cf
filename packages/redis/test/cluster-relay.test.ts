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
const byDocument = defineCollection<{ n: number }>({ section: 'by:{key}', ttl: 'never', subscribeBy: 'document' })

const CLUSTER = { cluster: true }
/** Leaves the bus as the only way by which a change reaches a replica in time. */
const BUS_ONLY = { checkInterval: '1h', reorderWindow: 1 } as const
const WAIT = { timeout: 30_000, interval: 10 }
const PARTITIONS = ['a', 'b', 'c', 'd', 'ö', 'f']

/** A bus whose publish always fails. */
function failingBus(): ChangeBus {
  const bus = memoryBus()
  bus.publish = () => Promise.reject(new BusUnavailableError('publish is disabled'))
  return bus
}

let tests = 0

describe.runIf(await canTest('the relay in a Redis Cluster', { broker: 'redis', controllable: true }))(
  'redisRelay() in a Redis Cluster',
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

    const closeAfterTest = <T extends AsyncDisposable>(opened: T): T => {
      onTestFinished(() => opened[Symbol.asyncDispose]())
      return opened
    }
    const openWriter = (bus: ChangeBus = failingBus()): SyncInstance =>
      closeAfterTest(createInstance({ ...BUS_ONLY, store: redisStore(url, { publish: 'outbox' }), bus }))
    const openReader = (hub: MemoryHub): SyncInstance =>
      closeAfterTest(createInstance({ ...BUS_ONLY, store: redisStore(url), bus: memoryBus(hub) }))
    const openRelay = (bus: ChangeBus, lease: '300ms' | '1s' | '2s' = '2s'): RedisRelay =>
      closeAfterTest(redisRelay(url, { bus, lease }))
    const nextPartitions = (): string[] => {
      tests++
      return PARTITIONS.map((each) => `${each}${tests}`)
    }
    const waitForEmptyOutbox = (relay: RedisRelay): Promise<void> =>
      vi.waitFor(async () => expect(await relay.backlog()).toEqual({ sections: 0 }), { ...WAIT, interval: 100 })
    const slotOf = (partition: string): Promise<number> =>
      cluster.slotOf(metaKey({ partition, section: docs.section }, CLUSTER))
    const otherMaster = async (node: RedisServer): Promise<RedisServer> => {
      const masters = await Promise.all([0, 6_000, 12_000].map((slot) => cluster.masterOf(slot)))
      const other = masters.find((each) => each !== node)
      if (!other) throw new Error('expected a second master')
      return other
    }

    /** Collects the published sequences of each section, in the order of their first occurrence. */
    async function collectSequences(bus: ChangeBus, partitions: readonly string[]): Promise<Map<string, Set<number>>> {
      const received = new Map(partitions.map((partition) => [partition, new Set<number>()]))
      for (const [partition, sequences] of received)
        await bus.subscribe({ partition, section: docs.section }, (frame) => {
          for (const { sequence } of decodeFrame(frame).changes) sequences.add(sequence)
        })
      return received
    }

    /** Writes to all partitions until stopped. Every acknowledged write must be received, in order. */
    function startLoad(partitions: readonly string[]): {
      readonly rounds: () => number
      stop(): Promise<Map<string, number>>
    } {
      const sync = openWriter()
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

    const sequencesUpTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1)

    /** Waits until every write has been received, in order within its section. */
    async function waitForAll(received: Map<string, Set<number>>, written: Map<string, number>): Promise<void> {
      for (const [partition, count] of written)
        await vi.waitFor(() => expect(received.get(partition)?.size).toBe(count), WAIT)
      for (const [partition, count] of written)
        expect([...(received.get(partition) ?? [])]).toEqual(sequencesUpTo(count))
    }

    it.each([docs, byDocument])(
      'publishes changes that the writer could not publish, of section $section',
      async (definition) => {
        const hub = createMemoryHub()
        const partitions = nextPartitions()
        const reader = openReader(hub)
        const reading = partitions.map((partition) => reader.collection(definition, { partition }))
        await Promise.all(reading.map((each) => each.get('k')))
        const relay = openRelay(memoryBus(hub))
        const writer = openWriter()
        const writing = partitions.map((partition) => writer.collection(definition, { partition }))
        for (let n = 1; n <= 10; n++) await Promise.all(writing.map((each) => each.assign('k', { n })))
        for (const each of reading) await vi.waitFor(() => expect(each.peek('k')).toEqual({ n: 10 }), WAIT)
        await waitForEmptyOutbox(relay)
      },
    )

    it('publishes changes that were committed while no relay was running', async () => {
      const hub = createMemoryHub()
      const partitions = nextPartitions()
      const received = await collectSequences(memoryBus(hub), partitions)
      const writer = openWriter()
      for (const partition of partitions) await writer.collection(docs, { partition }).assign('k', { n: 1 })
      await writer.close()
      const relay = openRelay(memoryBus(hub))
      await waitForAll(received, new Map(partitions.map((each) => [each, 1])))
      await waitForEmptyOutbox(relay)
    })

    it('takes over within seconds from a killed relay, without loss and in order', async () => {
      await using busServer = await startRedis()
      const partitions = nextPartitions()
      const received = await collectSequences(closeAfterTest(redisBus(busServer.url)), partitions)
      const first = await startRelayProcess(url, busServer.url)
      const second = openRelay(closeAfterTest(redisBus(busServer.url)), '1s')
      const work = startLoad(partitions)
      await vi.waitFor(
        () => expect(Math.min(...[...received.values()].map(({ size }) => size))).toBeGreaterThan(20),
        WAIT,
      )
      first.kill('SIGKILL')
      await vi.waitFor(() => expect(second.active).toBe(true), { ...WAIT, timeout: 10_000 })
      const goal = work.rounds() + 20
      await vi.waitFor(() => expect(work.rounds()).toBeGreaterThan(goal), WAIT)
      await waitForAll(received, await work.stop())
      await waitForEmptyOutbox(second)
    })

    it('continues while a slot with pending changes migrates', async () => {
      const hub = createMemoryHub()
      const partitions = nextPartitions()
      const received = await collectSequences(memoryBus(hub), partitions)
      const relay = openRelay(memoryBus(hub))
      const work = startLoad(partitions)
      const slot = await slotOf(partitions[0] ?? '')
      await vi.waitFor(() => expect(work.rounds()).toBeGreaterThan(5), WAIT)
      await cluster.moveSlot({ slot, to: await otherMaster(await cluster.masterOf(slot)) })
      const goal = work.rounds() + 20
      await vi.waitFor(() => expect(work.rounds()).toBeGreaterThan(goal), WAIT)
      await waitForAll(received, await work.stop())
      await waitForEmptyOutbox(relay)
    })

    it('adds no section to a second index while the first one has not migrated yet', async () => {
      const [partition = ''] = nextPartitions()
      const section = { partition, section: docs.section }
      const index = outboxIndex(section, CLUSTER)
      // the index has an entry of another section in the slot, and none of this section
      await admin.zadd(index, '1', '{x:y}')
      const collection = openWriter().collection(docs, { partition })
      await collection.assign('k', { n: 1 })
      await admin.zrem(index, sectionName(section, CLUSTER))
      const slot = await slotOf(partition)
      let written: Promise<unknown> | undefined
      // the server chooses which keys it migrates first: repeat until the index is among the last
      while (!written) {
        const from = await cluster.masterOf(slot)
        const to = await otherMaster(from)
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
            // the commit was sent to the node that has every key but the index, and gets retried
            await vi.waitFor(async () => expect(await target.info('errorstats')).toContain('errorstat_TRYAGAIN'), WAIT)
          },
        })
      }
      await written
      expect(await admin.zrange(index, '0', '-1')).toEqual(['{x:y}', sectionName(section, CLUSTER)])
      await admin.del(index)
    })

    it('continues after the death of the master with the lease', async () => {
      const hub = createMemoryHub()
      const partitions = nextPartitions()
      const received = await collectSequences(memoryBus(hub), partitions)
      const relays = [openRelay(memoryBus(hub)), openRelay(memoryBus(hub))]
      const work = startLoad(partitions)
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
      await waitForAll(received, await work.stop())
      for (const relay of relays) await waitForEmptyOutbox(relay)
      await vi.waitFor(() => expect(relays.filter(({ active }) => active)).toHaveLength(1), WAIT)
    })

    it('moves no cursor that a later term has moved', async () => {
      const hub = createMemoryHub()
      const [partition = ''] = nextPartitions()
      const received = await collectSequences(memoryBus(hub), [partition])
      const publishResult = Promise.withResolvers<void>()
      const publishCalled = Promise.withResolvers<void>()
      const slowBus = memoryBus(hub)
      slowBus.publish = () => {
        publishCalled.resolve()
        return publishResult.promise
      }
      const deposed = openRelay(slowBus, '1s')
      const collection = openWriter().collection(docs, { partition })
      await vi.waitFor(() => expect(deposed.active).toBe(true), WAIT)
      await collection.assign('k', { n: 1 })
      await publishCalled.promise
      // simulates a freeze that lasts longer than the lease
      await admin.del(leaseKeys(CLUSTER).lease)
      const next = openRelay(memoryBus(hub), '1s')
      // the slow relay may acquire the lease again: then remove it once more
      await vi.waitFor(async () => {
        if (!next.active) await admin.del(leaseKeys(CLUSTER).lease)
        expect(next.active).toBe(true)
      }, WAIT)
      await collection.assign('k', { n: 2 })
      await waitForEmptyOutbox(next)
      const cursor = cursorKey({ partition, section: docs.section }, CLUSTER)
      const cursorBefore = await admin.hgetall(cursor)
      expect(cursorBefore).toMatchObject({ sequence: '2' })
      publishResult.resolve()
      await deposed.close()
      expect(await admin.hgetall(cursor)).toEqual(cursorBefore)
      expect([...(received.get(partition) ?? [])]).toEqual([1, 2])
    })

    it('begins a later term when the cluster has lost the counter of terms', async () => {
      const hub = createMemoryHub()
      const [partition = ''] = nextPartitions()
      const received = await collectSequences(memoryBus(hub), [partition])
      const relay = openRelay(memoryBus(hub))
      const collection = openWriter().collection(docs, { partition })
      await collection.assign('k', { n: 1 })
      await waitForEmptyOutbox(relay)
      await admin.hset(cursorKey({ partition, section: docs.section }, CLUSTER), 'term', '1000000')
      const events: RedisRelayEvent['type'][] = []
      relay.onEvent(({ type }) => events.push(type))
      await collection.assign('k', { n: 2 })
      await waitForEmptyOutbox(relay)
      expect([...(received.get(partition) ?? [])]).toEqual([1, 2])
      expect(events).toEqual(['standby', 'active'])
      expect(Number(await admin.get(leaseKeys(CLUSTER).terms))).toBeGreaterThan(1_000_000)
    })

    it('finds sections in every slot within a few polls', async () => {
      const connection = await openConnection(url, { timeout: 3_000, client: 'ioredis' })
      onTestFinished(() => connection.close())
      const outbox = new Outbox(connection)
      const indexes = outboxIndexes(CLUSTER)
      const addToOutbox = async (prefix: string, slots: readonly number[]): Promise<string[]> => {
        const names = slots.map((slot) => `${prefix}${slot}`)
        await Promise.all(slots.map((slot, at) => admin.zadd(indexes[slot] ?? '', `${slot}`, names[at] ?? '')))
        onTestFinished(() => void Promise.all(slots.map((slot) => admin.del(indexes[slot] ?? ''))))
        return names
      }
      const early = await addToOutbox('early', [0, 511, 512, 5_460, 5_461, 10_922, 16_383])
      expect([...(await outbox.poll(8))].sort()).toEqual(early.sort())
      expect(await outbox.backlog()).toEqual({ sections: 7, since: 0 })
      // the result must not depend on the nodes of the slots
      const to = await otherMaster(await cluster.masterOf(512))
      await cluster.moveSlot({ slot: 512, to })
      const late = await addToOutbox('late', [1, 512, 8_000, 16_000])
      const found = new Set<string>()
      for (let polls = 0; polls < 4; polls++) for (const name of await outbox.poll(8)) found.add(name)
      expect([...found].sort()).toEqual([...early, ...late].sort())
    })

    it('works with only the permissions in the README; without them a commit rejects', async () => {
      const basePermissions =
        '+@scripting +@hash +@sortedset +@stream +@string +@keyspace +@pubsub +info +time +ping +client +cluster ~{acl:* &__dataChanged*'
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
      const denied = closeAfterTest(
        createInstance({
          store: redisStore(await user('unable', basePermissions), { publish: 'outbox' }),
          bus: failingBus(),
        }),
      )
      const at = { partition: 'acl' }
      await expect(denied.collection(docs, at).assign('k', { n: 1 })).rejects.toMatchObject({ code: 'SYNC_REDIS' })
      const allowedUrl = await user('able', `${basePermissions} ~__outbox* &__outbox*`)
      const hub = createMemoryHub()
      const received = await collectSequences(memoryBus(hub), ['acl'])
      const relay = closeAfterTest(redisRelay(allowedUrl, { bus: memoryBus(hub) }))
      const events: RedisRelayEvent[] = []
      relay.onEvent((event) => events.push(event))
      const allowed = closeAfterTest(
        createInstance({ store: redisStore(allowedUrl, { publish: 'outbox' }), bus: failingBus() }),
      )
      await allowed.collection(docs, at).assign('k', { n: 2 })
      await waitForAll(received, new Map([['acl', 1]]))
      await waitForEmptyOutbox(relay)
      expect(events.filter(({ type }) => type === 'error')).toEqual([])
    })

    it('gets a notification from the writer, without a poll', async () => {
      const channel = '__outbox'
      const partition = `notified${++tests}`
      const connection = await openConnection(url, { timeout: 3_000, client: 'ioredis' })
      const listening = connection.fork()
      onTestFinished(async () => {
        await listening.close()
        await connection.close()
      })
      const notified: string[] = []
      await vi.waitFor(() => listening.subscribe(channel, (name) => notified.push(name)), WAIT)
      const collection = openWriter().collection(docs, { partition })
      await collection.assign('k', { n: 1 })
      await collection.assign('k', { n: 2 })
      const name = sectionName({ partition, section: docs.section }, CLUSTER)
      await vi.waitFor(() => expect(notified).toEqual([name]), WAIT)
      expect(await admin.zscore(outboxIndex({ partition, section: docs.section }, CLUSTER), name)).not.toBeNull()
      const relay = openRelay(memoryBus())
      await waitForEmptyOutbox(relay)
    })
  },
)

/** Starts an active relay in another process. */
async function startRelayProcess(store: string, bus: string): Promise<ChildProcess> {
  const program = `import { redisBus, redisRelay } from '${new URL('../src/index.ts', import.meta.url)}'
    const relay = redisRelay('${store}', { bus: redisBus('${bus}'), lease: '1s' })
    relay.onEvent(({ type }) => console.log(type))`
  const child = spawn(process.execPath, ['--conditions=@sync/source', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  for (let output = ''; !output.includes('active'); ) output += (await once(child.stdout, 'data')).join('')
  return child
}
