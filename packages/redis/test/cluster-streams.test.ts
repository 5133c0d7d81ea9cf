import { canTest, type RedisCluster, type RedisServer } from '@sync/brokers'
import {
  BusUnavailableError,
  type ChangeBus,
  createInstance,
  defineCollection,
  StoreUnavailableError,
  type SyncInstance,
} from '@sync/core'
import type { Store } from '@sync/core/adapter'
import { redisBus, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { streamKey } from '../src/names.ts'
import { startTestCluster } from './cluster-harness.ts'
import { WriteLoad } from './cluster-load.ts'

const docs = defineCollection<{ n: number }>({ section: 'load', ttl: 'never' })
const byDocument = defineCollection<{ n: number }>({ section: 'by-key', ttl: 'never', subscribeBy: 'document' })
const PARTITIONS = ['a', 'b', 'c', 'd', 'e', 'f']
const KEYS = Array.from({ length: 10 }, (_, n) => `k${n}`)
const BUS_ONLY = { checkInterval: '1h' } as const
const SOON = { timeout: 10_000, interval: 1 }

describe.runIf(await canTest('Streams in a Redis Cluster', { broker: 'redis', controllable: true }))(
  "redisBus({ transport: 'streams' }) in a Redis Cluster",
  () => {
    let cluster: RedisCluster
    let url: string
    beforeAll(async () => {
      cluster = await startTestCluster()
      url = `${cluster.urls[0]}?cluster=true`
    }, 60_000)
    afterAll(() => cluster[Symbol.asyncDispose]())

    const openBus = (at = url): ChangeBus => redisBus(at, { transport: 'streams' })
    const open = (
      options: { readonly bus?: ChangeBus; readonly store?: Store; readonly checkInterval?: '1h' } = {},
    ): SyncInstance => createInstance({ store: redisStore(url), bus: openBus(), ...options })

    const streamOf = (partition: string): string => streamKey({ partition, section: 'load' }, { cluster: true })
    const slotOf = (partition: string): Promise<number> => cluster.slotOf(streamOf(partition))

    /** Returns the master with a partition's slot, and another master. */
    async function slotMasters(partition: string): Promise<readonly [from: RedisServer, to: RedisServer]> {
      const from = await cluster.masterOf(await slotOf(partition))
      const masters = await Promise.all([0, 6_000, 12_000].map((each) => cluster.masterOf(each)))
      const to = masters.find((each) => each !== from)
      if (!to) throw new Error('expected a second master')
      return [from, to]
    }

    async function sendTo(node: RedisServer, ...[name, ...args]: [string, ...string[]]): Promise<unknown> {
      const admin = new Redis(node.url)
      try {
        return await admin.call(name, ...args)
      } finally {
        admin.disconnect()
      }
    }

    const waitForIdentity = (bus: ChangeBus): Promise<void> =>
      vi.waitFor(() => expect(bus.inCommit?.serverFor('p')).toBeDefined(), { timeout: 5_000, interval: 5 })

    /** Opens a bus of a user whose channel permissions can be revoked, which closes its connections and prevents subscriptions. */
    const openRestrictedBus = (): ChangeBus => openBus(url.replace('redis://', 'redis://restricted:pass@'))
    const setChannels = (channels: string): Promise<unknown> =>
      Promise.all(
        cluster.nodes.map((node) =>
          sendTo(node, 'ACL', 'SETUSER', 'restricted', 'on', '>pass', '+@all', '~*', channels),
        ),
      )

    /** Opens a publisher and a subscriber of numbered changes. */
    async function openPair(partition: string, to: ChangeBus = openBus()) {
      const from = openBus()
      const scope = { partition, section: 'load' }
      const received: number[] = []
      const offsets: string[] = []
      const statuses: string[] = []
      to.onStatus((status) => statuses.push(status))
      await to.subscribe(scope, (frame, offset = '') => {
        received.push(Number(/"k",1,1,(\d+)/.exec(String(frame))?.[1]))
        offsets.push(offset)
      })
      let sent = 0
      const publishOne = (): Promise<void> => {
        const sequence = ++sent
        const text = `["k",1,1,${sequence},1,null]`
        return from.publish(scope, [{ key: 'k', epoch: 'e', origin: 'o', sequence, text }])
      }
      const publish = async (count: number): Promise<void> => {
        for (let n = 0; n < count; n++) await publishOne()
      }
      const all = (): number[] => Array.from({ length: sent }, (_, at) => at + 1)
      const close = async (): Promise<void> => void (await Promise.all([from.close(), to.close()]))
      return { to, scope, received, offsets, statuses, publishOne, publish, all, [Symbol.asyncDispose]: close }
    }

    it('delivers each frame once and in order while a slot migrates', async () => {
      await using pair = await openPair('moving')
      await pair.publish(10)
      const [from, to] = await slotMasters('moving')
      const slot = await slotOf('moving')
      const onHalfway = async (): Promise<void> => {
        await sendTo(from, 'MIGRATE', '127.0.0.1', `${to.port}`, streamOf('moving'), '0', '5000')
        await pair.publish(10)
        await vi.waitFor(() => expect(pair.received).toEqual(pair.all()), SOON)
        expect(pair.statuses).toEqual(['connected'])
      }
      let moved = false
      await cluster.moveSlot({ slot, to, onHalfway })
      const publishing = (async () => {
        while (!moved || pair.statuses.length < 3) await pair.publish(1)
      })()
      await cluster.moveSlot({ slot, to: from })
      moved = true
      await publishing
      await vi.waitFor(() => expect(pair.received).toEqual(pair.all()), SOON)
      expect(new Set(pair.statuses)).toEqual(new Set(['connected', 'interrupted', 'resumed']))
    }, 60_000)

    it('reads missed frames from the stream before it emits resumed', async () => {
      await setChannels('&*')
      await using pair = await openPair('missed', openRestrictedBus())
      await pair.publish(3)
      await vi.waitFor(() => expect(pair.received).toEqual(pair.all()), SOON)
      await setChannels('resetchannels')
      await vi.waitFor(() => expect(pair.statuses).toEqual(['connected', 'interrupted']), SOON)
      await pair.publish(10)
      const [, to] = await slotMasters('missed')
      await cluster.moveSlot({ slot: await slotOf('missed'), to })
      // more than one page
      await pair.publish(600)
      expect(pair.received).toHaveLength(3)
      let atResumed = 0
      pair.to.onStatus(() => {
        atResumed = pair.received.length
      })
      await setChannels('&*')
      await vi.waitFor(() => expect(pair.statuses).toEqual(['connected', 'interrupted', 'resumed']), SOON)
      expect(atResumed).toBe(613)
      expect(pair.received).toEqual(pair.all())
    }, 60_000)

    it('delivers without blocked connections, and without calls other than the publish', async () => {
      await using pair = await openPair('calls')
      const [node] = await slotMasters('calls')
      await sendTo(node, 'CONFIG', 'RESETSTAT')
      await pair.publish(100)
      await vi.waitFor(() => expect(pair.received).toEqual(pair.all()), SOON)
      const stats = String(await sendTo(node, 'INFO', 'commandstats'))
      expect(stats).toMatch(/cmdstat_eval:calls=100,/)
      expect(stats).not.toMatch(/cmdstat_(xread|xrange|xinfo)/)
      expect(String(await sendTo(node, 'INFO', 'clients'))).toContain('blocked_clients:0')
    })

    it('keeps the order of concurrent publishes after SCRIPT FLUSH', async () => {
      await using pair = await openPair('unknown')
      const [node] = await slotMasters('unknown')
      for (let round = 0; round < 10; round++) {
        await sendTo(node, 'SCRIPT', 'FLUSH')
        const publishing: Promise<void>[] = []
        for (let n = 0; n < 40; n++) {
          publishing.push(pair.publishOne())
          if (n % 2 === 0) await new Promise(setImmediate)
        }
        await Promise.all(publishing)
      }
      await vi.waitFor(() => expect(pair.received).toEqual(pair.all()), SOON)
    })

    it('reports a deleted stream, and delivers the frames that follow', async () => {
      await using pair = await openPair('deleted')
      await pair.publish(3)
      await vi.waitFor(() => expect(pair.received).toEqual(pair.all()), SOON)
      const [node] = await slotMasters('deleted')
      await sendTo(node, 'DEL', streamOf('deleted'))
      await pair.publish(2)
      await vi.waitFor(() => expect(pair.received).toEqual(pair.all()), SOON)
      await vi.waitFor(() => expect(pair.statuses).toEqual(['connected', 'interrupted', 'resumed']), SOON)
      await using bus = openBus()
      const lost = bus.subscribe(pair.scope, () => {}, { after: pair.offsets[0] ?? '' })
      await expect(lost).rejects.toMatchObject({ code: 'SYNC_OFFSET_LOST' })
    })

    it('rejects with the name of the command when a permission is missing', async () => {
      const users = {
        allowed: '+@scripting +@stream +@keyspace +@pubsub +info +ping +cluster ~{acl:* &__dataChanged*',
        noRead: '+@all -xrange ~* &*',
        noChannels: '+@all ~*',
      }
      for (const [name, rules] of Object.entries(users))
        await Promise.all(
          cluster.nodes.map((node) =>
            sendTo(node, 'ACL', 'SETUSER', name, 'reset', 'on', '>pass', ...rules.split(' ')),
          ),
        )
      const as = (name: string): ChangeBus => openBus(url.replace('redis://', `redis://${name}:pass@`))
      await using allowed = as('allowed')
      await using noRead = as('noRead')
      await using noChannels = as('noChannels')
      const scope = { partition: 'acl', section: 'load' }
      const change = { key: 'k', epoch: 'e', origin: 'o', sequence: 1, text: '["k",1,1,1,1,null]' }
      const received: unknown[] = []
      await allowed.subscribe(scope, (frame) => received.push(frame))
      await allowed.publish(scope, [change])
      await vi.waitFor(() => expect(received).toHaveLength(1), SOON)
      await expect(noRead.subscribe(scope, () => {})).rejects.toMatchObject({
        code: 'SYNC_REDIS',
        message: expect.stringContaining("'xrange'"),
      })
      await expect(noChannels.publish(scope, [change])).rejects.toMatchObject({ code: 'SYNC_REDIS' })
      await expect(noChannels.subscribe(scope, () => {})).rejects.toMatchObject({ code: 'SYNC_REDIS' })
    })

    it.each([docs, byDocument])('publishes within the commit, of section $section', async (definition) => {
      const failingBus = openBus()
      failingBus.publish = () => Promise.reject(new BusUnavailableError('publish is disabled'))
      await using writer = open({ bus: failingBus })
      await using reader = open(BUS_ONLY)
      const failures: string[] = []
      writer.onEvent(({ type }) => void (type === 'publish-failed' && failures.push(type)))
      const [writing = [], reading = []] = [writer, reader].map((each) =>
        PARTITIONS.map((partition) => each.collection(definition, { partition })),
      )
      await Promise.all(reading.map((each) => each.get('a:{b}')))
      await waitForIdentity(failingBus)
      await Promise.all(writing.map((each, n) => each.assign('a:{b}', { n })))
      for (const [n, each] of reading.entries()) await vi.waitFor(() => expect(each.peek('a:{b}')).toEqual({ n }), SOON)
      expect(failures).toEqual([])
    })

    it('creates no second stream on the node that the slot is migrating to', async () => {
      const bus = openBus()
      await using writer = open({ bus })
      await using reader = open(BUS_ONLY)
      const [writing, reading] = [writer, reader].map((each) => each.collection(docs, { partition: 'halfway' }))
      await writing?.assign('k', { n: 1 })
      await reading?.get('k')
      await waitForIdentity(bus)
      const [from, to] = await slotMasters('halfway')
      const slot = await slotOf('halfway')
      const onHalfway = async (): Promise<void> => {
        // migrates every key of the section except the stream
        const keys = (await sendTo(from, 'CLUSTER', 'GETKEYSINSLOT', `${slot}`, '100')) as string[]
        const others = keys.filter((key) => key !== streamOf('halfway'))
        if (others.length > 0)
          await sendTo(from, 'MIGRATE', '127.0.0.1', `${to.port}`, '', '0', '5000', 'KEYS', ...others)
        await writing?.assign('k', { n: 2 })
        await vi.waitFor(() => expect(reading?.peek('k')).toEqual({ n: 2 }), SOON)
      }
      await cluster.moveSlot({ slot, to, onHalfway })
      await writing?.assign('k', { n: 3 })
      await vi.waitFor(() => expect(reading?.peek('k')).toEqual({ n: 3 }), SOON)
      expect(await sendTo(to, 'XLEN', streamOf('halfway'))).toBe(3)
    }, 60_000)

    it('repairs a replica from the stream alone after a reconnect', async () => {
      const store = redisStore(url)
      let logReads = 0
      store.changesSince = () => {
        logReads++
        return Promise.reject(new StoreUnavailableError('reading the log is disabled', 'no'))
      }
      await setChannels('&*')
      const bus = openBus()
      await using writer = open({ bus })
      await using reader = open({ ...BUS_ONLY, store, bus: openRestrictedBus() })
      const [writing, reading] = [writer, reader].map((each) => each.collection(docs, { partition: 'alone' }))
      const assignAll = (n: number): Promise<unknown> => Promise.all(KEYS.map((key) => writing?.assign(key, { n })))
      const cached = (): unknown[] => KEYS.map((key) => reading?.peek(key))
      await assignAll(0)
      await reading?.getMany(KEYS)
      await waitForIdentity(bus)
      const statuses: string[] = []
      reader.onEvent((event) => void (event.type === 'bus' && statuses.push(event.status)))
      await setChannels('resetchannels')
      await vi.waitFor(() => expect(statuses).toEqual(['interrupted']), SOON)
      await assignAll(1)
      await assignAll(2)
      expect(cached()).toEqual(KEYS.map(() => ({ n: 0 })))
      await setChannels('&*')
      await vi.waitFor(() => expect(statuses).toEqual(['interrupted', 'resumed']), SOON)
      expect(cached()).toEqual(KEYS.map(() => ({ n: 2 })))
      await reader.verify()
      const { gaps, repairs, reloads } = reader.stats()
      expect({ logReads, gaps, repairs, reloads }).toEqual({ logReads: 0, gaps: 0, repairs: 0, reloads: 0 })
    })

    // last, because it kills a node
    it('loses no acknowledged write without lost: true when a slot migrates and a master dies', async () => {
      await using writer = open()
      await using reader = open()
      const lostPartitions = new Set<string>()
      for (const each of [writer, reader])
        each.onEvent((event) => void (event.type === 'epoch' && event.lost && lostPartitions.add(event.partition)))
      const writing = PARTITIONS.map((partition) => writer.collection(docs, { partition }))
      const reading = PARTITIONS.map((partition) => reader.collection(docs, { partition }))
      await Promise.all(reading.flatMap((each) => KEYS.map((key) => each.get(key))))
      using load = new WriteLoad(writing, KEYS)
      await load.untilMoreWrites()
      const [, to] = await slotMasters('a')
      await cluster.moveSlot({ slot: await slotOf('a'), to })
      await load.untilMoreWrites()
      await (await cluster.masterOf(await slotOf('a'))).kill()
      await cluster.waitUntilStable()
      await load.untilMoreWrites()
      await load.stop()

      const alive = cluster.nodes.find(({ running }) => running)
      await using store = redisStore(`${alive?.url}?cluster=true`)
      for (const [at, partition] of PARTITIONS.entries())
        for (const key of KEYS) {
          const [loaded] = await store.load([{ partition, section: 'load', key }])
          const stored = JSON.parse(loaded?.document?.text ?? 'null') as { n: number } | null
          const acknowledged = load.acknowledged.get(`${at}:${key}`) ?? 0
          if ((stored?.n ?? 0) < acknowledged)
            expect(
              [...lostPartitions],
              `${partition} ${key}: ${stored?.n} of ${acknowledged}, without lost: true`,
            ).toContain(partition)
          const expectEqual = (): void => expect(reading[at]?.peek(key), `${partition} ${key}`).toEqual(stored)
          await vi.waitFor(expectEqual, { timeout: 30_000 })
        }
    }, 90_000)
  },
)
