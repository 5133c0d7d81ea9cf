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
const byDocument = defineCollection<{ n: number }>({ section: 'by-key', ttl: 'never', subscribeBy: 'document' })

/** Leaves the bus as the only way by which a change reaches a replica in time. */
const BUS_ONLY = { checkInterval: '1h', reorderWindow: 1 } as const
const WAIT = { timeout: 20_000, interval: 5 }

/** A bus whose publish always fails. */
const failingBus = (): ChangeBus => ({
  ...plainBus(memoryBus()),
  publish: () => Promise.reject(new BusUnavailableError('publish is disabled')),
})

const plainBus = (bus: ChangeBus): ChangeBus => ({
  capabilities: bus.capabilities,
  publish: (scope, changes) => bus.publish(scope, changes),
  subscribe: (scope, onFrame, options) => bus.subscribe(scope, onFrame, options),
  onStatus: (listener) => bus.onStatus(listener),
  close: () => bus.close(),
  [Symbol.asyncDispose]: () => bus.close(),
})

let partitions = 0

describe.runIf(await canTest('the relay', { broker: 'redis', controllable: true }))(
  'redisRelay()',
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

    const closeAfterTest = <T extends AsyncDisposable>(opened: T): T => {
      onTestFinished(() => opened[Symbol.asyncDispose]())
      return opened
    }
    const openWriter = (bus: ChangeBus, options: { readonly maxChanges?: number } = {}): SyncInstance =>
      closeAfterTest(
        createInstance({ ...BUS_ONLY, store: redisStore(redis.url, { publish: 'outbox', ...options }), bus }),
      )
    const openReader = (hub: MemoryHub): SyncInstance =>
      closeAfterTest(createInstance({ ...BUS_ONLY, store: redisStore(redis.url), bus: memoryBus(hub) }))
    const openRelay = (bus: ChangeBus, lease?: '300ms' | '1s'): RedisRelay =>
      closeAfterTest(redisRelay(redis.url, { bus, ...(lease && { lease }) }))
    const waitForValue = (reader: Collection<{ n: number }>, key: string, n: number): Promise<void> =>
      vi.waitFor(() => expect(reader.peek(key)).toEqual({ n }), WAIT)
    const waitForEmptyOutbox = (relay: RedisRelay): Promise<void> =>
      vi.waitFor(async () => expect(await relay.backlog()).toEqual({ sections: 0 }), WAIT)
    const nextPartition = (): { readonly partition: string } => ({ partition: `p${++partitions}` })

    it.each([docs, byDocument])(
      'publishes changes that the writer could not publish, of section $section',
      async (definition) => {
        const hub = createMemoryHub()
        const at = nextPartition()
        const reader = openReader(hub).collection(definition, at)
        await reader.get('a')
        await reader.get('b:{"x"}')
        const relay = openRelay(memoryBus(hub))
        const failures: unknown[] = []
        const sync = openWriter(failingBus())
        sync.onEvent((event) => {
          if (event.type === 'publish-failed') failures.push(event)
        })
        const writer = sync.collection(definition, at)
        for (let n = 1; n <= 20; n++) await Promise.all([writer.assign('a', { n }), writer.assign('b:{"x"}', { n })])
        await waitForValue(reader, 'a', 20)
        await waitForValue(reader, 'b:{"x"}', 20)
        await waitForEmptyOutbox(relay)
        expect(failures).toEqual([])
      },
    )

    it('publishes changes that were committed while no relay was running', async () => {
      const hub = createMemoryHub()
      const at = nextPartition()
      const reader = openReader(hub).collection(docs, at)
      await reader.get('k')
      const sync = openWriter(failingBus())
      for (let n = 1; n <= 3; n++) await sync.collection(docs, at).assign('k', { n })
      await sync.close()
      expect(reader.peek('k')).toBeUndefined()
      openRelay(memoryBus(hub))
      await waitForValue(reader, 'k', 3)
    })

    it("starts with the first change committed with publish: 'outbox'", async () => {
      const at = nextPartition()
      const unrelayed = closeAfterTest(createInstance({ store: redisStore(redis.url), bus: memoryBus() }))
      await unrelayed.collection(docs, at).assign('k', { n: 1 })
      await openWriter(failingBus()).collection(docs, at).assign('k', { n: 2 })
      const hub = createMemoryHub()
      const sent: number[] = []
      closeAfterTest(
        await memoryBus(hub).subscribe({ ...at, section: 'doc' }, (frame) =>
          sent.push(...decodeFrame(frame).changes.map(({ sequence }) => sequence)),
        ),
      )
      await waitForEmptyOutbox(openRelay(memoryBus(hub)))
      expect(sent).toEqual([2])
    })

    it("leaves no trace in the store with publish: 'writer'", async () => {
      const at = nextPartition()
      const sync = closeAfterTest(createInstance({ store: redisStore(redis.url), bus: memoryBus() }))
      await sync.collection(docs, at).assign('k', { n: 1 })
      expect(await admin.exists(`${at.partition}:doc::relayed`)).toBe(0)
      expect(await admin.zscore('__outbox', `${at.partition}:doc`)).toBeNull()
    })

    it('takes over within seconds from a killed relay, without loss and in order', {
      timeout: 60_000,
    }, async () => {
      await using busServer = await startRedis()
      const at = { ...nextPartition(), section: 'doc' }
      const received = new Map<string, number[]>()
      const bus = closeAfterTest(redisBus(busServer.url))
      await bus.subscribe(at, (frame) => {
        for (const { key, sequence } of decodeFrame(frame).changes)
          received.set(key, [...(received.get(key) ?? []), sequence])
      })
      const first = await startRelayProcess(redis.url, busServer.url)
      const second = openRelay(redisBus(busServer.url), '1s')
      const events: RedisRelayEvent[] = []
      second.onEvent((event) => events.push(event))
      const writer = openWriter(failingBus()).collection(docs, at)
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
      await waitForEmptyOutbox(second)
      await vi.waitFor(() => expect(new Set([...received.values()].flat()).size).toBe(n * keys.length), WAIT)
      // first occurrences are in order; all others are repeats
      for (const sequences of received.values()) {
        const firsts = [...new Set(sequences)]
        expect(firsts).toEqual([...firsts].sort((a, b) => a - b))
      }
      expect(received.size).toBe(keys.length)
      expect(events).toEqual([{ type: 'active' }])
    })

    it('becomes active when an abandoned lease expires', async () => {
      const at = nextPartition()
      await admin.set('__outbox:lease', 'a dead relay', 'PX', 700)
      const hub = createMemoryHub()
      const reader = openReader(hub).collection(docs, at)
      await reader.get('k')
      const relay = openRelay(memoryBus(hub))
      await openWriter(failingBus()).collection(docs, at).assign('k', { n: 1 })
      expect(relay.active).toBe(false)
      await waitForValue(reader, 'k', 1)
      expect(await admin.get('__outbox:lease')).not.toBe('a dead relay')
    })

    it('hands over immediately on close()', async () => {
      const hub = createMemoryHub()
      const [first, second] = [openRelay(memoryBus(hub)), openRelay(memoryBus(hub))]
      await vi.waitFor(() => expect(first.active || second.active).toBe(true), WAIT)
      const [active, standby] = first.active ? [first, second] : [second, first]
      expect(standby.active).toBe(false)
      await active.close()
      await vi.waitFor(() => expect(standby.active).toBe(true), { ...WAIT, timeout: 1_500 })
      await expect(active.backlog()).rejects.toMatchObject({ code: 'SYNC_CLOSED' })
    })

    it('moves no cursor after it was deposed during a publish', async () => {
      const at = nextPartition()
      const hub = createMemoryHub()
      const publishResult = Promise.withResolvers<void>()
      const publishCalled = Promise.withResolvers<void>()
      const slowBus: ChangeBus = {
        ...plainBus(memoryBus(hub)),
        publish: () => {
          publishCalled.resolve()
          return publishResult.promise
        },
      }
      const deposed = openRelay(slowBus, '1s')
      const writer = openWriter(failingBus()).collection(docs, at)
      await writer.assign('k', { n: 1 })
      await publishCalled.promise
      // simulates a freeze that lasts longer than the lease
      await admin.set('__outbox:lease', 'another')
      await writer.assign('k', { n: 2 })
      await vi.waitFor(() => expect(deposed.active).toBe(false), WAIT)
      const cursor = `${at.partition}:doc::relayed`
      const before = await admin.hgetall(cursor)
      publishResult.resolve()
      await deposed.close()
      expect(await admin.hgetall(cursor)).toEqual(before)
      expect(await admin.zscore('__outbox', `${at.partition}:doc`)).not.toBeNull()
      await admin.del('__outbox:lease')
      const sent: number[] = []
      closeAfterTest(
        await memoryBus(hub).subscribe({ ...at, section: 'doc' }, (frame) =>
          sent.push(...decodeFrame(frame).changes.map(({ sequence }) => sequence)),
        ),
      )
      await waitForEmptyOutbox(openRelay(memoryBus(hub)))
      expect(sent).toEqual([1, 2])
    })

    it("publishes the section's head when the log was trimmed beyond the cursor, and replicas ask the store", async () => {
      const at = nextPartition()
      const hub = createMemoryHub()
      const reader = openReader(hub).collection(docs, at)
      await reader.get('k')
      const writer = openWriter(failingBus(), { maxChanges: 2 }).collection(docs, at)
      for (let n = 1; n <= 10; n++) await writer.assign('k', { n })
      const relay = openRelay(memoryBus(hub))
      const events: RedisRelayEvent[] = []
      relay.onEvent((event) => events.push(event))
      await waitForValue(reader, 'k', 10)
      await waitForEmptyOutbox(relay)
      expect(events).toContainEqual({ type: 'log-truncated', ...at, section: 'doc' })
      await writer.assign('k', { n: 11 })
      await waitForValue(reader, 'k', 11)
    })

    it('continues in a new epoch after FLUSHALL', async () => {
      const at = nextPartition()
      const hub = createMemoryHub()
      const reader = openReader(hub).collection(docs, at)
      const writer = openWriter(memoryBus(hub)).collection(docs, at)
      const relay = openRelay(memoryBus(hub))
      await reader.get('k')
      await writer.assign('k', { n: 1 })
      await waitForValue(reader, 'k', 1)
      await admin.flushall()
      await writer.assign('other', { n: 2 })
      await vi.waitFor(() => expect(reader.peek('k')).toBeUndefined(), WAIT)
      expect(await reader.get('other')).toEqual({ n: 2 })
      await writer.assign('other', { n: 3 })
      await waitForValue(reader, 'other', 3)
      await waitForEmptyOutbox(relay)
    })

    it('publishes the commits that replaced lost ones', async () => {
      await using server = await startRedis()
      const at = nextPartition()
      const hub = createMemoryHub()
      const open = (bus: ChangeBus): SyncInstance =>
        closeAfterTest(createInstance({ ...BUS_ONLY, store: redisStore(server.url, { publish: 'outbox' }), bus }))
      const reader = open(memoryBus(hub)).collection(docs, at)
      await reader.get('k')
      const relay = closeAfterTest(redisRelay(server.url, { bus: memoryBus(hub) }))
      const sync = open(memoryBus(hub))
      for (let n = 1; n <= 5; n++) await sync.collection(docs, at).assign('k', { n })
      await waitForValue(reader, 'k', 5)
      await waitForEmptyOutbox(relay)
      await sync.close()
      await server.kill()
      await server.truncateLog({ commits: 3, containing: '::log' })
      await server.restart()
      const writer = open(failingBus()).collection(docs, at)
      for (let n = 11; n <= 12; n++) await writer.assign('k', { n })
      await waitForValue(reader, 'k', 12)
      await waitForEmptyOutbox(relay)
    })

    it('emits one error while the bus is unavailable, and retries until it publishes', async () => {
      const at = nextPartition()
      const hub = createMemoryHub()
      const reader = openReader(hub).collection(docs, at)
      await reader.get('k')
      hub.bus.makeUnavailable()
      const relay = openRelay(memoryBus(hub))
      const events: RedisRelayEvent[] = []
      relay.onEvent((event) => events.push(event))
      await openWriter(failingBus()).collection(docs, at).assign('k', { n: 1 })
      const failed = { type: 'error', ...at, section: 'doc', error: { code: 'SYNC_BUS_UNAVAILABLE' } }
      await vi.waitFor(() => expect(events).toContainEqual(expect.objectContaining({ type: 'error' })), WAIT)
      expect(events.find(({ type }) => type === 'error')).toMatchObject(failed)
      expect(await relay.backlog()).toMatchObject({ sections: 1, since: expect.any(Number) })
      hub.bus.makeAvailable()
      await waitForValue(reader, 'k', 1)
    })

    it('publishes other sections while the bus rejects 200 sections', async () => {
      const at = nextPartition()
      const hub = createMemoryHub()
      const rejection = new BusUnavailableError('this section is rejected')
      const selectiveBus: ChangeBus = {
        ...plainBus(memoryBus(hub)),
        publish: (scope, changes) =>
          scope.section === 'doc' ? memoryBus(hub).publish(scope, changes) : Promise.reject(rejection),
      }
      const reader = openReader(hub).collection(docs, at)
      await reader.get('k')
      const sync = openWriter(failingBus())
      const others = Array.from({ length: 200 }, (_, n) =>
        defineCollection<{ n: number }>({ section: `s${n}`, ttl: 'never' }),
      )
      await Promise.all(others.map((each) => sync.collection(each, at).assign('k', { n: 1 })))
      await sync.collection(docs, at).assign('k', { n: 1 })
      const relay = openRelay(selectiveBus)
      const events: RedisRelayEvent[] = []
      relay.onEvent((event) => events.push(event))
      await waitForValue(reader, 'k', 1)
      await vi.waitFor(async () => expect(await relay.backlog()).toMatchObject({ sections: 200 }), WAIT)
      await vi.waitFor(() => expect(events.filter(({ type }) => type === 'error')).toHaveLength(200), WAIT)
    })

    it('continues after a restart of the server', async () => {
      await using server = await startRedis()
      const at: SectionRef = { ...nextPartition(), section: 'doc' }
      const hub = createMemoryHub()
      const sync = closeAfterTest(
        createInstance({ ...BUS_ONLY, store: redisStore(server.url, { publish: 'outbox' }), bus: memoryBus(hub) }),
      )
      const reader = sync.collection(docs, at)
      const relay = closeAfterTest(redisRelay(server.url, { bus: memoryBus(hub) }))
      await reader.get('k')
      await reader.assign('k', { n: 1 })
      await waitForEmptyOutbox(relay)
      await server.kill()
      await server.restart()
      const other = closeAfterTest(
        createInstance({ store: redisStore(server.url, { publish: 'outbox' }), bus: failingBus() }),
      )
      await other.collection(docs, at).assign('k', { n: 2 })
      await waitForValue(reader, 'k', 2)
      await waitForEmptyOutbox(relay)
    })

    it('works with only the permissions in the README; without them a commit rejects', async () => {
      const basePermissions =
        '+@scripting +@hash +@sortedset +@stream +@string +@keyspace +@pubsub +info +time +ping +client ~acl:* &__dataChanged*'
      const relayPermissions = '~__outbox* &__outbox*'
      const user = async (name: string, rules: string): Promise<string> => {
        await admin.call('ACL', 'SETUSER', name, 'reset', 'on', '>pass', ...rules.split(' '))
        return redis.url.replace('redis://', `redis://${name}:pass@`)
      }
      const at = { partition: 'acl' }
      const hub = createMemoryHub()
      const reader = openReader(hub).collection(docs, at)
      await reader.get('k')
      const deniedUrl = await user('unable', basePermissions)
      const denied = closeAfterTest(
        createInstance({ store: redisStore(deniedUrl, { publish: 'outbox' }), bus: failingBus() }),
      )
      await expect(denied.collection(docs, at).assign('k', { n: 1 })).rejects.toMatchObject({ code: 'SYNC_REDIS' })
      const allowedUrl = await user('able', `${basePermissions} ${relayPermissions}`)
      const relay = closeAfterTest(redisRelay(allowedUrl, { bus: memoryBus(hub) }))
      const events: RedisRelayEvent[] = []
      relay.onEvent((event) => events.push(event))
      const allowed = closeAfterTest(
        createInstance({ store: redisStore(allowedUrl, { publish: 'outbox' }), bus: failingBus() }),
      )
      await allowed.collection(docs, at).assign('k', { n: 2 })
      await waitForValue(reader, 'k', 2)
      await waitForEmptyOutbox(relay)
      expect(events.filter(({ type }) => type === 'error')).toEqual([])
    })

    it('throws without a bus, and for options out of range', () => {
      expect(() => redisRelay('redis://127.0.0.1:1', {} as never)).toThrow(/bus/)
      expect(() => redisRelay('redis://127.0.0.1:1', { bus: memoryBus(), lease: 99 })).toThrow(/lease/)
      expect(() => redisStore('redis://127.0.0.1:1?publish=never')).toThrow(/publish/)
      expect(() => redisStore('redis://127.0.0.1:1', { publish: 'never' as never })).toThrow(/publish/)
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
  const [output] = (await once(child.stdout, 'data')) as [Buffer]
  expect(output.toString().trim()).toBe('active')
  return child
}
