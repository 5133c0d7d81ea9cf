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
const byKey = defineCollection<{ n: number }>({ section: 'by-key', ttl: 'never', subscribeBy: 'document' })
const PARTITIONS = ['a', 'b', 'c', 'd', 'e', 'f']
const KEYS = Array.from({ length: 10 }, (_, n) => `k${n}`)
const NEVER = { checkInterval: '1h' } as const
const soon = { timeout: 10_000, interval: 1 }

describe.runIf(await canTest('Streams in a Redis Cluster', { broker: 'redis', controllable: true }))(
  'Streams in a Redis Cluster',
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

    /** The node that has a partition's slot, and one that has not. */
    async function ends(partition: string): Promise<readonly [from: RedisServer, to: RedisServer]> {
      const from = await cluster.masterOf(await slotOf(partition))
      const masters = await Promise.all([0, 6_000, 12_000].map((each) => cluster.masterOf(each)))
      const to = masters.find((each) => each !== from)
      if (!to) throw new Error('there is one master only')
      return [from, to]
    }

    async function ask(node: RedisServer, ...[name, ...args]: [string, ...string[]]): Promise<unknown> {
      const admin = new Redis(node.url)
      try {
        return await admin.call(name, ...args)
      } finally {
        admin.disconnect()
      }
    }

    const known = (bus: ChangeBus): Promise<void> =>
      vi.waitFor(() => expect(bus.inCommit?.serverFor('p')).toBeDefined(), { timeout: 5_000, interval: 5 })

    /** A bus of a user whose channels can be taken away: that ends its lines, and lets it listen nowhere. */
    const ear = (): ChangeBus => openBus(url.replace('redis://', 'redis://ear:pass@'))
    const allow = (channels: string): Promise<unknown> =>
      Promise.all(
        cluster.nodes.map((node) => ask(node, 'ACL', 'SETUSER', 'ear', 'on', '>pass', '+@all', '~*', channels)),
      )

    /** Publishes numbers, and hears them. */
    async function openTape(partition: string, to: ChangeBus = openBus()) {
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

    it('what is published while a slot moves is heard meanwhile, once, and in its order', async () => {
      await using tape = await openTape('moving')
      await tape.publish(10)
      const [from, to] = await ends('moving')
      const slot = await slotOf('moving')
      const onHalfway = async (): Promise<void> => {
        await ask(from, 'MIGRATE', '127.0.0.1', `${to.port}`, streamOf('moving'), '0', '5000')
        await tape.publish(10)
        await vi.waitFor(() => expect(tape.received).toEqual(tape.all()), soon)
        expect(tape.statuses).toEqual(['connected'])
      }
      let moved = false
      await cluster.moveSlot({ slot, to, onHalfway })
      const publishing = (async () => {
        while (!moved || tape.statuses.length < 3) await tape.publish(1)
      })()
      await cluster.moveSlot({ slot, to: from })
      moved = true
      await publishing
      await vi.waitFor(() => expect(tape.received).toEqual(tape.all()), soon)
      expect(new Set(tape.statuses)).toEqual(new Set(['connected', 'interrupted', 'resumed']))
    }, 60_000)

    it('what nobody heard while a slot moved is read from the stream, before it counts as resumed', async () => {
      await allow('&*')
      await using tape = await openTape('unheard', ear())
      await tape.publish(3)
      await vi.waitFor(() => expect(tape.received).toEqual(tape.all()), soon)
      await allow('resetchannels')
      await vi.waitFor(() => expect(tape.statuses).toEqual(['connected', 'interrupted']), soon)
      await tape.publish(10)
      const [, to] = await ends('unheard')
      await cluster.moveSlot({ slot: await slotOf('unheard'), to })
      // more than are read at a time
      await tape.publish(600)
      expect(tape.received).toHaveLength(3)
      let atResumed = 0
      tape.to.onStatus(() => {
        atResumed = tape.received.length
      })
      await allow('&*')
      await vi.waitFor(() => expect(tape.statuses).toEqual(['connected', 'interrupted', 'resumed']), soon)
      expect(atResumed).toBe(613)
      expect(tape.received).toEqual(tape.all())
    }, 60_000)

    it('nothing waits: no connection is blocked, and an entry costs no call but that which publishes it', async () => {
      await using tape = await openTape('calls')
      const [node] = await ends('calls')
      await ask(node, 'CONFIG', 'RESETSTAT')
      await tape.publish(100)
      await vi.waitFor(() => expect(tape.received).toEqual(tape.all()), soon)
      const stats = String(await ask(node, 'INFO', 'commandstats'))
      expect(stats).toMatch(/cmdstat_eval:calls=100,/)
      expect(stats).not.toMatch(/cmdstat_(xread|xrange|xinfo)/)
      expect(String(await ask(node, 'INFO', 'clients'))).toContain('blocked_clients:0')
    })

    it('what is published without waiting keeps its order, though its node was made to forget all scripts', async () => {
      await using tape = await openTape('unknown')
      const [node] = await ends('unknown')
      for (let round = 0; round < 10; round++) {
        await ask(node, 'SCRIPT', 'FLUSH')
        const publishing: Promise<void>[] = []
        for (let n = 0; n < 40; n++) {
          publishing.push(tape.publishOne())
          if (n % 2 === 0) await new Promise(setImmediate)
        }
        await Promise.all(publishing)
      }
      await vi.waitFor(() => expect(tape.received).toEqual(tape.all()), soon)
    })

    it('what was taken away before it was read is told, and what follows is heard', async () => {
      await using tape = await openTape('deleted')
      await tape.publish(3)
      await vi.waitFor(() => expect(tape.received).toEqual(tape.all()), soon)
      const [node] = await ends('deleted')
      await ask(node, 'DEL', streamOf('deleted'))
      await tape.publish(2)
      await vi.waitFor(() => expect(tape.received).toEqual(tape.all()), soon)
      await vi.waitFor(() => expect(tape.statuses).toEqual(['connected', 'interrupted', 'resumed']), soon)
      await using bus = openBus()
      const lost = bus.subscribe(tape.scope, () => {}, { after: tape.offsets[0] ?? '' })
      await expect(lost).rejects.toMatchObject({ code: 'SYNC_OFFSET_LOST' })
    })

    it('who may not read the stream is told by name, and so is who may not tell of it', async () => {
      const users = {
        able: '+@scripting +@stream +@keyspace +@pubsub +info +ping +cluster ~{acl:* &__dataChanged*',
        deaf: '+@all -xrange ~* &*',
        dumb: '+@all ~*',
      }
      for (const [name, rules] of Object.entries(users))
        await Promise.all(
          cluster.nodes.map((node) => ask(node, 'ACL', 'SETUSER', name, 'reset', 'on', '>pass', ...rules.split(' '))),
        )
      const as = (name: string): ChangeBus => openBus(url.replace('redis://', `redis://${name}:pass@`))
      await using able = as('able')
      await using deaf = as('deaf')
      await using dumb = as('dumb')
      const scope = { partition: 'acl', section: 'load' }
      const change = { key: 'k', epoch: 'e', origin: 'o', sequence: 1, text: '["k",1,1,1,1,null]' }
      const received: unknown[] = []
      await able.subscribe(scope, (frame) => received.push(frame))
      await able.publish(scope, [change])
      await vi.waitFor(() => expect(received).toHaveLength(1), soon)
      await expect(deaf.subscribe(scope, () => {})).rejects.toMatchObject({
        code: 'SYNC_REDIS',
        message: expect.stringContaining("'xrange'"),
      })
      await expect(dumb.publish(scope, [change])).rejects.toMatchObject({ code: 'SYNC_REDIS' })
      await expect(dumb.subscribe(scope, () => {})).rejects.toMatchObject({ code: 'SYNC_REDIS' })
    })

    it.each([docs, byKey])('a commit publishes by its script, of $section', async (definition) => {
      const mute = openBus()
      mute.publish = () => Promise.reject(new BusUnavailableError('nothing is sent afterwards'))
      await using writer = open({ bus: mute })
      await using reader = open(NEVER)
      const failures: string[] = []
      writer.onEvent(({ type }) => void (type === 'publish-failed' && failures.push(type)))
      const [here = [], there = []] = [writer, reader].map((each) =>
        PARTITIONS.map((partition) => each.collection(definition, { partition })),
      )
      await Promise.all(there.map((each) => each.get('a:{b}')))
      await known(mute)
      await Promise.all(here.map((each, n) => each.assign('a:{b}', { n })))
      for (const [n, each] of there.entries()) await vi.waitFor(() => expect(each.peek('a:{b}')).toEqual({ n }), soon)
      expect(failures).toEqual([])
    })

    it('a commit begins no second stream at the node that its slot is moving to', async () => {
      const bus = openBus()
      await using writer = open({ bus })
      await using reader = open(NEVER)
      const [here, there] = [writer, reader].map((each) => each.collection(docs, { partition: 'halfway' }))
      await here?.assign('k', { n: 1 })
      await there?.get('k')
      await known(bus)
      const [from, to] = await ends('halfway')
      const slot = await slotOf('halfway')
      const onHalfway = async (): Promise<void> => {
        // all of the section but the stream
        const keys = (await ask(from, 'CLUSTER', 'GETKEYSINSLOT', `${slot}`, '100')) as string[]
        const others = keys.filter((key) => key !== streamOf('halfway'))
        if (others.length > 0) await ask(from, 'MIGRATE', '127.0.0.1', `${to.port}`, '', '0', '5000', 'KEYS', ...others)
        await here?.assign('k', { n: 2 })
        await vi.waitFor(() => expect(there?.peek('k')).toEqual({ n: 2 }), soon)
      }
      await cluster.moveSlot({ slot, to, onHalfway })
      await here?.assign('k', { n: 3 })
      await vi.waitFor(() => expect(there?.peek('k')).toEqual({ n: 3 }), soon)
      expect(await ask(to, 'XLEN', streamOf('halfway'))).toBe(3)
    }, 60_000)

    it('a replica is made right by the stream alone when its line is back', async () => {
      const store = redisStore(url)
      let asked = 0
      store.changesSince = () => {
        asked++
        return Promise.reject(new StoreUnavailableError('the log is not read', 'no'))
      }
      await allow('&*')
      const bus = openBus()
      await using writer = open({ bus })
      await using reader = open({ ...NEVER, store, bus: ear() })
      const [here, there] = [writer, reader].map((each) => each.collection(docs, { partition: 'alone' }))
      const set = (n: number): Promise<unknown> => Promise.all(KEYS.map((key) => here?.assign(key, { n })))
      const shown = (): unknown[] => KEYS.map((key) => there?.peek(key))
      await set(0)
      await there?.getMany(KEYS)
      await known(bus)
      const statuses: string[] = []
      reader.onEvent((event) => void (event.type === 'bus' && statuses.push(event.status)))
      await allow('resetchannels')
      await vi.waitFor(() => expect(statuses).toEqual(['interrupted']), soon)
      await set(1)
      await set(2)
      expect(shown()).toEqual(KEYS.map(() => ({ n: 0 })))
      await allow('&*')
      await vi.waitFor(() => expect(statuses).toEqual(['interrupted', 'resumed']), soon)
      expect(shown()).toEqual(KEYS.map(() => ({ n: 2 })))
      await reader.verify()
      const { gaps, repairs, reloads } = reader.stats()
      expect({ asked, gaps, repairs, reloads }).toEqual({ asked: 0, gaps: 0, repairs: 0, reloads: 0 })
    })

    // last: it ends a node
    it('no acknowledged write is lost in silence when a slot moves and a master dies', async () => {
      await using writer = open()
      await using reader = open()
      const told = new Set<string>()
      for (const each of [writer, reader])
        each.onEvent((event) => void (event.type === 'epoch' && event.lost && told.add(event.partition)))
      const writing = PARTITIONS.map((partition) => writer.collection(docs, { partition }))
      const reading = PARTITIONS.map((partition) => reader.collection(docs, { partition }))
      await Promise.all(reading.flatMap((each) => KEYS.map((key) => each.get(key))))
      using load = new WriteLoad(writing, KEYS)
      await load.untilMoreWrites()
      const [, to] = await ends('a')
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
          const least = load.acknowledged.get(`${at}:${key}`) ?? 0
          if ((stored?.n ?? 0) < least)
            expect([...told], `${partition} ${key}: ${stored?.n} of ${least}, in silence`).toContain(partition)
          const right = (): void => expect(reading[at]?.peek(key), `${partition} ${key}`).toEqual(stored)
          await vi.waitFor(right, { timeout: 30_000 })
        }
    }, 90_000)
  },
)
