import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { canTest, type RedisServer, startRedis } from '@sync/brokers'
import {
  BusUnavailableError,
  type ChangeBus,
  type Collection,
  createInstance,
  createMemoryHub,
  defineCollection,
  type MemoryHub,
  memoryBus,
  type SyncInstance,
} from '@sync/core'
import { decodeFrame, type SectionRef } from '@sync/core/adapter'
import { type RedisRelay, type RedisRelayEvent, redisBus, redisRelay, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' })
const byKey = defineCollection<{ n: number }>({ section: 'by-key', ttl: 'never', subscribeBy: 'document' })

/** No other way leads to a replica in time. */
const NEVER = { checkInterval: '1h', reorderWindow: 1 } as const
const WAIT = { timeout: 20_000, interval: 5 }

/** A bus on which nothing can be sent. */
const deaf = (): ChangeBus => ({
  ...bare(memoryBus()),
  publish: () => Promise.reject(new BusUnavailableError('nothing is sent here')),
})

const bare = (bus: ChangeBus): ChangeBus => ({
  capabilities: bus.capabilities,
  publish: (scope, changes) => bus.publish(scope, changes),
  subscribe: (scope, onFrame, options) => bus.subscribe(scope, onFrame, options),
  onStatus: (listener) => bus.onStatus(listener),
  close: () => bus.close(),
  [Symbol.asyncDispose]: () => bus.close(),
})

let partitions = 0

describe.runIf(await canTest('the relay', { broker: 'redis', controllable: true }))(
  'a relay',
  { timeout: 30_000 },
  () => {
    let redis: RedisServer
    let admin: Redis
    beforeAll(async () => {
      redis = await startRedis({ config: { 'stream-node-max-entries': '1' } })
      admin = new Redis(redis.url)
    })
    beforeEach(() => admin.flushall())
    afterAll(async () => {
      await admin.quit()
      await redis[Symbol.asyncDispose]()
    })

    const ended = <T extends AsyncDisposable>(opened: T): T => {
      onTestFinished(() => opened[Symbol.asyncDispose]())
      return opened
    }
    const writerOf = (bus: ChangeBus, options: { readonly maxChanges?: number } = {}): SyncInstance =>
      ended(createInstance({ ...NEVER, store: redisStore(redis.url, { publish: 'outbox', ...options }), bus }))
    const readerOf = (hub: MemoryHub): SyncInstance =>
      ended(createInstance({ ...NEVER, store: redisStore(redis.url), bus: memoryBus(hub) }))
    const relayTo = (bus: ChangeBus, lease?: '300ms' | '1s'): RedisRelay =>
      ended(redisRelay(redis.url, { bus, ...(lease && { lease }) }))
    const shows = (reader: Collection<{ n: number }>, key: string, n: number): Promise<void> =>
      vi.waitFor(() => expect(reader.peek(key)).toEqual({ n }), WAIT)
    const allSent = (relay: RedisRelay): Promise<void> =>
      vi.waitFor(async () => expect(await relay.backlog()).toEqual({ sections: 0 }), WAIT)
    const partitionOf = (): { readonly partition: string } => ({ partition: `p${++partitions}` })

    it.each([docs, byKey])('sends what its writer could not, of $section', async (definition) => {
      const hub = createMemoryHub()
      const at = partitionOf()
      const reader = readerOf(hub).collection(definition, at)
      await reader.get('a')
      await reader.get('b:{"x"}')
      const relay = relayTo(memoryBus(hub))
      const failures: unknown[] = []
      const sync = writerOf(deaf())
      sync.onEvent((event) => {
        if (event.type === 'publish-failed') failures.push(event)
      })
      const writer = sync.collection(definition, at)
      for (let n = 1; n <= 20; n++) await Promise.all([writer.assign('a', { n }), writer.assign('b:{"x"}', { n })])
      await shows(reader, 'a', 20)
      await shows(reader, 'b:{"x"}', 20)
      await allSent(relay)
      expect(failures).toEqual([])
    })

    it('sends what was committed while there was none', async () => {
      const hub = createMemoryHub()
      const at = partitionOf()
      const reader = readerOf(hub).collection(docs, at)
      await reader.get('k')
      const sync = writerOf(deaf())
      for (let n = 1; n <= 3; n++) await sync.collection(docs, at).assign('k', { n })
      await sync.close()
      expect(reader.peek('k')).toBeUndefined()
      relayTo(memoryBus(hub))
      await shows(reader, 'k', 3)
    })

    it('begins with the first change that was left to relays', async () => {
      const at = partitionOf()
      const early = ended(createInstance({ store: redisStore(redis.url), bus: memoryBus() }))
      await early.collection(docs, at).assign('k', { n: 1 })
      await writerOf(deaf()).collection(docs, at).assign('k', { n: 2 })
      const hub = createMemoryHub()
      const sent: number[] = []
      ended(
        await memoryBus(hub).subscribe({ ...at, section: 'doc' }, (frame) =>
          sent.push(...decodeFrame(frame).changes.map(({ sequence }) => sequence)),
        ),
      )
      await allSent(relayTo(memoryBus(hub)))
      expect(sent).toEqual([2])
    })

    it('costs nothing where it was not asked for', async () => {
      const at = partitionOf()
      const sync = ended(createInstance({ store: redisStore(redis.url), bus: memoryBus() }))
      await sync.collection(docs, at).assign('k', { n: 1 })
      expect(await admin.exists(`${at.partition}:doc::relayed`)).toBe(0)
      expect(await admin.zscore('__outbox', `${at.partition}:doc`)).toBeNull()
    })

    it('that was killed is followed by another within seconds: nothing is lost, the order is kept', {
      timeout: 60_000,
    }, async () => {
      await using line = await startRedis()
      const at = { ...partitionOf(), section: 'doc' }
      const received = new Map<string, number[]>()
      const bus = ended(redisBus(line.url))
      await bus.subscribe(at, (frame) => {
        for (const { key, sequence } of decodeFrame(frame).changes)
          received.set(key, [...(received.get(key) ?? []), sequence])
      })
      const first = await relayProcess(redis.url, line.url)
      const second = relayTo(redisBus(line.url), '1s')
      const events: RedisRelayEvent[] = []
      second.onEvent((event) => events.push(event))
      const writer = writerOf(deaf()).collection(docs, at)
      const keys = Array.from({ length: 8 }, (_, n) => `k${n}`)
      const round = (n: number): Promise<unknown> => Promise.all(keys.map((key) => writer.assign(key, { n })))
      let n = 0
      while ([...received.values()].flat().length < 200) await round(++n)
      expect(second.active).toBe(false)
      first.kill('SIGKILL')
      const killed = Date.now()
      for (const until = n + 50; n < until; ) await round(++n)
      await vi.waitFor(() => expect(second.active).toBe(true), WAIT)
      expect(Date.now() - killed).toBeLessThan(8_000)
      await allSent(second)
      await vi.waitFor(() => expect(new Set([...received.values()].flat()).size).toBe(n * keys.length), WAIT)
      // what comes first of each is in order: all others are repeats
      for (const sequences of received.values()) {
        const firsts = [...new Set(sequences)]
        expect(firsts).toEqual([...firsts].sort((a, b) => a - b))
      }
      expect(received.size).toBe(keys.length)
      expect(events).toEqual([{ type: 'active' }])
    })

    it('waits for a lease that was left behind, no longer', async () => {
      const at = partitionOf()
      await admin.set('__outbox:lease', 'somebody', 'PX', 700)
      const hub = createMemoryHub()
      const reader = readerOf(hub).collection(docs, at)
      await reader.get('k')
      const relay = relayTo(memoryBus(hub))
      await writerOf(deaf()).collection(docs, at).assign('k', { n: 1 })
      expect(relay.active).toBe(false)
      await shows(reader, 'k', 1)
      expect(await admin.get('__outbox:lease')).not.toBe('somebody')
    })

    it('that is closed leaves the rest to the next at once', async () => {
      const hub = createMemoryHub()
      const [first, second] = [relayTo(memoryBus(hub)), relayTo(memoryBus(hub))]
      await vi.waitFor(() => expect(first.active || second.active).toBe(true), WAIT)
      const [old, next] = first.active ? [first, second] : [second, first]
      expect(next.active).toBe(false)
      await old.close()
      await vi.waitFor(() => expect(next.active).toBe(true), { ...WAIT, timeout: 1_500 })
      await expect(old.backlog()).rejects.toMatchObject({ code: 'SYNC_CLOSED' })
    })

    it('that was ousted while it was sending notes nothing any more', async () => {
      const at = partitionOf()
      const hub = createMemoryHub()
      const held = Promise.withResolvers<void>()
      const asked = Promise.withResolvers<void>()
      const slow: ChangeBus = {
        ...bare(memoryBus(hub)),
        publish: () => {
          asked.resolve()
          return held.promise
        },
      }
      const late = relayTo(slow, '1s')
      const writer = writerOf(deaf()).collection(docs, at)
      await writer.assign('k', { n: 1 })
      await asked.promise
      // as if it had been frozen for longer than its lease
      await admin.set('__outbox:lease', 'another')
      await writer.assign('k', { n: 2 })
      await vi.waitFor(() => expect(late.active).toBe(false), WAIT)
      const cursor = `${at.partition}:doc::relayed`
      const before = await admin.hgetall(cursor)
      held.resolve()
      await late.close()
      expect(await admin.hgetall(cursor)).toEqual(before)
      expect(await admin.zscore('__outbox', `${at.partition}:doc`)).not.toBeNull()
      await admin.del('__outbox:lease')
      const sent: number[] = []
      ended(
        await memoryBus(hub).subscribe({ ...at, section: 'doc' }, (frame) =>
          sent.push(...decodeFrame(frame).changes.map(({ sequence }) => sequence)),
        ),
      )
      await allSent(relayTo(memoryBus(hub)))
      expect(sent).toEqual([1, 2])
    })

    it('that comes after its log was trimmed tells how far the section is, and replicas ask the store', async () => {
      const at = partitionOf()
      const hub = createMemoryHub()
      const reader = readerOf(hub).collection(docs, at)
      await reader.get('k')
      const writer = writerOf(deaf(), { maxChanges: 2 }).collection(docs, at)
      for (let n = 1; n <= 10; n++) await writer.assign('k', { n })
      const relay = relayTo(memoryBus(hub))
      const events: RedisRelayEvent[] = []
      relay.onEvent((event) => events.push(event))
      await shows(reader, 'k', 10)
      await allSent(relay)
      expect(events).toContainEqual({ type: 'log-truncated', ...at, section: 'doc' })
      await writer.assign('k', { n: 11 })
      await shows(reader, 'k', 11)
    })

    it('goes on in another history after everything was lost', async () => {
      const at = partitionOf()
      const hub = createMemoryHub()
      const reader = readerOf(hub).collection(docs, at)
      const writer = writerOf(memoryBus(hub)).collection(docs, at)
      const relay = relayTo(memoryBus(hub))
      await reader.get('k')
      await writer.assign('k', { n: 1 })
      await shows(reader, 'k', 1)
      await admin.flushall()
      await writer.assign('other', { n: 2 })
      await vi.waitFor(() => expect(reader.peek('k')).toBeUndefined(), WAIT)
      expect(await reader.get('other')).toEqual({ n: 2 })
      await writer.assign('other', { n: 3 })
      await shows(reader, 'other', 3)
      await allSent(relay)
    })

    it('sends what came in place of a tail that was lost', async () => {
      await using own = await startRedis()
      const at = partitionOf()
      const hub = createMemoryHub()
      const open = (bus: ChangeBus): SyncInstance =>
        ended(createInstance({ ...NEVER, store: redisStore(own.url, { publish: 'outbox' }), bus }))
      const reader = open(memoryBus(hub)).collection(docs, at)
      await reader.get('k')
      const relay = ended(redisRelay(own.url, { bus: memoryBus(hub) }))
      const sync = open(memoryBus(hub))
      for (let n = 1; n <= 5; n++) await sync.collection(docs, at).assign('k', { n })
      await shows(reader, 'k', 5)
      await allSent(relay)
      await sync.close()
      await own.kill()
      await own.truncateLog({ commits: 3, containing: '::log' })
      await own.restart()
      const writer = open(deaf()).collection(docs, at)
      for (let n = 11; n <= 12; n++) await writer.assign('k', { n })
      await shows(reader, 'k', 12)
      await allSent(relay)
    })

    it('tries until a bus takes it, and tells that it does not', async () => {
      const at = partitionOf()
      const hub = createMemoryHub()
      const reader = readerOf(hub).collection(docs, at)
      await reader.get('k')
      hub.bus.makeUnavailable()
      const relay = relayTo(memoryBus(hub))
      const events: RedisRelayEvent[] = []
      relay.onEvent((event) => events.push(event))
      await writerOf(deaf()).collection(docs, at).assign('k', { n: 1 })
      const failed = { type: 'error', ...at, section: 'doc', error: { code: 'SYNC_BUS_UNAVAILABLE' } }
      await vi.waitFor(() => expect(events).toContainEqual(expect.objectContaining({ type: 'error' })), WAIT)
      expect(events.find(({ type }) => type === 'error')).toMatchObject(failed)
      expect(await relay.backlog()).toMatchObject({ sections: 1, since: expect.any(Number) })
      hub.bus.makeAvailable()
      await shows(reader, 'k', 1)
    })

    it('is not held up by sections that a bus refuses, however many', async () => {
      const at = partitionOf()
      const hub = createMemoryHub()
      const refused = new BusUnavailableError('not this one')
      const choosy: ChangeBus = {
        ...bare(memoryBus(hub)),
        publish: (scope, changes) =>
          scope.section === 'doc' ? memoryBus(hub).publish(scope, changes) : Promise.reject(refused),
      }
      const reader = readerOf(hub).collection(docs, at)
      await reader.get('k')
      const sync = writerOf(deaf())
      const others = Array.from({ length: 200 }, (_, n) =>
        defineCollection<{ n: number }>({ section: `s${n}`, ttl: 'never' }),
      )
      await Promise.all(others.map((each) => sync.collection(each, at).assign('k', { n: 1 })))
      await sync.collection(docs, at).assign('k', { n: 1 })
      const relay = relayTo(choosy)
      const events: RedisRelayEvent[] = []
      relay.onEvent((event) => events.push(event))
      await shows(reader, 'k', 1)
      await vi.waitFor(async () => expect(await relay.backlog()).toMatchObject({ sections: 200 }), WAIT)
      await vi.waitFor(() => expect(events.filter(({ type }) => type === 'error')).toHaveLength(200), WAIT)
    })

    it('goes on after the server was away', async () => {
      await using own = await startRedis()
      const at: SectionRef = { ...partitionOf(), section: 'doc' }
      const hub = createMemoryHub()
      const sync = ended(
        createInstance({ ...NEVER, store: redisStore(own.url, { publish: 'outbox' }), bus: memoryBus(hub) }),
      )
      const reader = sync.collection(docs, at)
      const relay = ended(redisRelay(own.url, { bus: memoryBus(hub) }))
      await reader.get('k')
      await reader.assign('k', { n: 1 })
      await allSent(relay)
      await own.kill()
      await own.restart()
      const other = ended(createInstance({ store: redisStore(own.url, { publish: 'outbox' }), bus: deaf() }))
      await other.collection(docs, at).assign('k', { n: 2 })
      await shows(reader, 'k', 2)
      await allSent(relay)
    })

    it('needs no more rights than the README says; without them nothing is committed', async () => {
      const allowed =
        '+@scripting +@hash +@stream +@string +@keyspace +@pubsub +info +time +ping +client ~acl:* &__dataChanged*'
      const relaying = '+@sortedset ~__outbox* &__outbox*'
      const user = async (name: string, rules: string): Promise<string> => {
        await admin.call('ACL', 'SETUSER', name, 'reset', 'on', '>pass', ...rules.split(' '))
        return redis.url.replace('redis://', `redis://${name}:pass@`)
      }
      const at = { partition: 'acl' }
      const hub = createMemoryHub()
      const reader = readerOf(hub).collection(docs, at)
      await reader.get('k')
      const mayNot = await user('unable', allowed)
      const unable = ended(createInstance({ store: redisStore(mayNot, { publish: 'outbox' }), bus: deaf() }))
      await expect(unable.collection(docs, at).assign('k', { n: 1 })).rejects.toMatchObject({ code: 'SYNC_REDIS' })
      const may = await user('able', `${allowed} ${relaying}`)
      const relay = ended(redisRelay(may, { bus: memoryBus(hub) }))
      const events: RedisRelayEvent[] = []
      relay.onEvent((event) => events.push(event))
      const able = ended(createInstance({ store: redisStore(may, { publish: 'outbox' }), bus: deaf() }))
      await able.collection(docs, at).assign('k', { n: 2 })
      await shows(reader, 'k', 2)
      await allSent(relay)
      expect(events.filter(({ type }) => type === 'error')).toEqual([])
    })

    it('is refused without a bus, or with what is out of range', () => {
      expect(() => redisRelay('redis://127.0.0.1:1', {} as never)).toThrow(/bus/)
      expect(() => redisRelay('redis://127.0.0.1:1', { bus: memoryBus(), lease: 99 })).toThrow(/lease/)
      expect(() => redisStore('redis://127.0.0.1:1?publish=never')).toThrow(/publish/)
      expect(() => redisStore('redis://127.0.0.1:1', { publish: 'never' as never })).toThrow(/publish/)
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
  const [told] = (await once(child.stdout, 'data')) as [Buffer]
  expect(told.toString().trim()).toBe('active')
  return child
}
