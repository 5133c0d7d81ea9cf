import {
  createInstance,
  createMemoryHub,
  defineCollection,
  memoryBus,
  memoryStore,
  OutcomeUnknownError,
  type SyncEvent,
} from '@sync/core'
import { createTestCluster, createVirtualRuntime } from '@sync/core/testing'
import { describe, expect, it, vi } from 'vitest'
import { open } from '../collection/open.ts'

interface Doc {
  n: number
}
const docs = defineCollection<Doc>({ section: 'doc', ttl: 'never' })

const eventsOf = (t: ReturnType<typeof open>, at: number): SyncEvent[] => {
  const events: SyncEvent[] = []
  t.instances[at]?.onEvent((event) => events.push(event))
  return events
}

describe('heartbeat check', () => {
  it('finds a lost last message, which leaves no gap', async () => {
    await using t = open(docs)
    await t.a.assign('x', { n: 1 })
    await t.b.get('x')
    t.cluster.bus.drop(2)
    await t.a.assign('x', { n: 2 })
    await t.cluster.clock.advance(1_000)
    expect(t.b.peek('x')).toEqual({ n: 1 })
    await t.cluster.clock.advance(5_000)
    expect(t.b.peek('x')).toEqual({ n: 2 })
  })

  it('does not query an unavailable store more and more often', async () => {
    const runtime = createVirtualRuntime(1)
    const hub = createMemoryHub({ runtime })
    const store = memoryStore(hub)
    const heads = vi.spyOn(store, 'heads')
    await using sync = createInstance({ store: store, bus: memoryBus(hub), runtime, checkInterval: '1s' })
    const collection = sync.collection(docs, { partition: 'p' })
    await collection.assign('x', { n: 1 })
    await collection.get('x')
    hub.store.makeUnavailable()
    await runtime.advance(60_000)
    heads.mockClear()
    await runtime.advance(10_000)
    expect(heads.mock.calls.length).toBeLessThan(20)
    hub.store.makeAvailable()
    await runtime.advance(5_000)
    expect(sync.health()).toMatchObject({ state: 'live' })
    expect(sync.health().staleForMs).toBeLessThan(3_000)
  })
})

describe('bus status', () => {
  it('triggers a check when the bus resumes', async () => {
    await using t = open(docs)
    await t.a.assign('x', { n: 1 })
    await t.b.get('x')
    t.cluster.bus.interrupt()
    await t.a.assign('x', { n: 2 })
    expect(t.instances[1]?.health().state).toBe('stale')
    t.cluster.bus.resume()
    await t.cluster.clock.advance(100)
    expect(t.b.peek('x')).toEqual({ n: 2 })
    expect(t.instances[1]?.health().state).toBe('live')
  })
})

describe('bus messages', () => {
  it('are applied once and in order when they are repeated and reordered', async () => {
    await using t = open(docs)
    await t.a.assign('x', { n: 0 })
    await t.b.get('x')
    t.cluster.bus.setFaultRates({ repeat: 0.5, reorder: 0.5 })
    for (let n = 1; n <= 50; n++) {
      await t.a.assign('x', { n })
      await t.cluster.clock.advance(5)
    }
    t.cluster.bus.setFaultRates({})
    await t.cluster.settle()
    expect(t.b.peek('x')).toEqual({ n: 50 })
    expect(t.instances[1]?.stats().duplicates).toBeGreaterThan(0)
  })
})

describe('update()', () => {
  it('counts once when the reply is lost', async () => {
    await using t = open(docs)
    await t.a.assign('x', { n: 0 })
    t.cluster.store.loseReplies(1)
    const up = t.a.update('x', (d) => void d.n++)
    await t.cluster.settle()
    expect(await up).toMatchObject({ version: 2 })
    expect(t.a.peek('x')).toEqual({ n: 1 })
  })

  it('rejects as not committed when it times out before it is sent', async () => {
    await using t = open(docs)
    await t.a.assign('x', { n: 0 })
    t.cluster.store.makeUnavailable()
    void t.a.assign('x', { n: 1 })
    const queued = t.a.update(
      'x',
      (d) => {
        d.n = 99
      },
      { timeout: '1s' },
    )
    const refused = expect(queued).rejects.toMatchObject({ code: 'SYNC_TIMEOUT', committed: 'no' })
    await t.cluster.clock.advance(1_500)
    await refused
    t.cluster.store.makeAvailable()
    await t.cluster.settle()
    expect(await t.a.get('x')).toEqual({ n: 1 })
  })

  it('counts every increment when the clock jumps an hour', async () => {
    await using t = open(docs)
    await t.a.assign('x', { n: 1 })
    await t.b.get('x')
    for (const ms of [3_600_000, -7_200_000, 3_600_000]) {
      t.cluster.clock.jump(ms)
      await t.a.update('x', (d) => void d.n++)
      await t.cluster.settle()
    }
    expect(t.b.peek('x')).toEqual({ n: 4 })
  })
})

describe('assign()', () => {
  it('rejects with an unknown outcome on a timeout and keeps the order of writes', async () => {
    await using t = open(docs)
    await t.a.assign('x', { n: 0 })
    await t.b.get('x')
    t.cluster.store.makeUnavailable()
    const first = t.a.assign('x', { n: 1 }, { timeout: '1s' })
    const second = t.a.assign('x', { n: 2 })
    const refused = expect(first).rejects.toMatchObject({ code: 'SYNC_OUTCOME_UNKNOWN', committed: 'unknown' })
    await t.cluster.clock.advance(1_500)
    await refused
    t.cluster.store.makeAvailable()
    await t.cluster.settle()
    expect(await second).toMatchObject({ version: 3 })
    expect(t.b.peek('x')).toEqual({ n: 2 })
  })
})

describe('compareAndSet()', () => {
  it('rejects at once when the store is unavailable', async () => {
    await using t = open(docs)
    await t.a.assign('x', { n: 0 })
    await t.a.get('x')
    t.cluster.store.makeUnavailable()
    const lost = t.a.compareAndSet('x', 'n', 1, { expectedVersion: 1 })
    const unknown = expect(lost).rejects.toBeInstanceOf(OutcomeUnknownError)
    await t.cluster.clock.advance(10)
    await unknown
    await expect(t.a.compareAndSet('x', 'n', 2, { expectedVersion: 1 })).rejects.toMatchObject({
      code: 'SYNC_STORE_UNAVAILABLE',
      committed: 'no',
    })
  })
})

describe("createInstance({ whenUnavailable: 'reject' })", () => {
  it('rejects writes once the store is known to be unavailable', async () => {
    await using t = open(docs, { whenUnavailable: 'reject' })
    await t.a.assign('x', { n: 0 })
    t.cluster.store.makeUnavailable()
    const first = expect(t.a.assign('x', { n: 1 })).rejects.toMatchObject({ code: 'SYNC_OUTCOME_UNKNOWN' })
    await t.cluster.clock.advance(10)
    await first
    await expect(t.a.assign('y', { n: 1 })).rejects.toMatchObject({ code: 'SYNC_STORE_UNAVAILABLE', committed: 'no' })
    expect(t.instances[0]?.health().state).toBe('stale')
  })
})

describe('epoch event', () => {
  it('reports no loss and causes no reload when the store restarts without loss', async () => {
    await using t = open(docs)
    for (let n = 0; n < 10; n++) await t.a.assign(`k${n}`, { n })
    await t.b.getMany(Array.from({ length: 10 }, (_, n) => `k${n}`))
    const events = eventsOf(t as never, 1)
    t.cluster.store.restart()
    await t.a.assign('k1', { n: 11 })
    await t.cluster.settle()
    expect(t.b.peek('k1')).toEqual({ n: 11 })
    expect(t.instances.map((each) => each.stats().reloads)).toEqual([0, 0])
    expect(events.filter(({ type }) => type === 'epoch')).toMatchObject([{ lost: false }])
  })

  it('reports the loss and reloads documents above the fork when the store loses commits', async () => {
    await using t = open(docs)
    await t.a.assign('kept', { n: 1 })
    await t.a.assign('lost', { n: 1 })
    await t.b.getMany(['kept', 'lost'])
    await t.a.assign('lost', { n: 2 })
    await t.cluster.settle()
    const events = [eventsOf(t as never, 0), eventsOf(t as never, 1)]
    t.cluster.store.loseTail(1)
    await t.cluster.settle()
    expect(await t.a.get('lost')).toEqual({ n: 1 })
    expect(t.b.peek('lost')).toEqual({ n: 1 })
    for (const each of events)
      expect(each.filter(({ type }) => type === 'epoch')).toMatchObject([{ lost: true, fork: 2 }])
    expect(t.instances[1]?.stats().reloads).toBe(1)
  })
})

describe('frame-rejected event', () => {
  it('is emitted when a frame cannot be read', async () => {
    const { memoryBus, memoryStore, createMemoryHub, createInstance } = await import('@sync/core')
    const hub = createMemoryHub()
    const bus = memoryBus(hub)
    await using sync = createInstance({ store: memoryStore(hub), bus: memoryBus(hub) })
    const events: string[] = []
    sync.onEvent(({ type }) => events.push(type))
    const c = sync.collection(docs, { partition: 'eu' })
    await c.ready()
    await bus.publish({ partition: 'eu', section: 'doc' }, [
      { key: 'x', epoch: 'e', origin: 'o', sequence: 1, text: '["x",1]' },
    ])
    await expect.poll(() => events).toContain('frame-rejected')
    await c.assign('x', { n: 1 })
    expect(await c.get('x')).toEqual({ n: 1 })
    await bus.close()
  })
})

describe('publish-failed event', () => {
  it('is emitted when the bus stays unavailable, and other instances find the change', async () => {
    await using t = open(docs)
    await t.a.assign('x', { n: 1 })
    await t.b.get('x')
    const events = eventsOf(t as never, 0)
    t.cluster.bus.makeUnavailable()
    await t.a.assign('x', { n: 2 })
    await t.cluster.clock.advance(60_000)
    expect(events.map(({ type }) => type)).toContain('publish-failed')
    t.cluster.bus.makeAvailable()
    await t.cluster.settle()
    expect(t.b.peek('x')).toEqual({ n: 2 })
  })
})

describe('close()', () => {
  it('flushes writes, ends every wait and rejects later calls', async () => {
    const cluster = createTestCluster()
    const [a, b] = cluster.instances as [(typeof cluster.instances)[0], (typeof cluster.instances)[0]]
    const ca = a.collection(docs, { partition: 'eu' })
    const cb = b.collection(docs, { partition: 'eu' })
    await cb.get('x')
    const write = ca.assign('x', { n: 1 })
    const stream = cb.changes({ key: 'quiet' })[Symbol.asyncIterator]()
    const waiting = expect(stream.next()).rejects.toMatchObject({ code: 'SYNC_CLOSED' })
    await a.close()
    await a.close()
    expect(await write).toMatchObject({ version: 1 })
    await expect(ca.assign('x', { n: 2 })).rejects.toMatchObject({ code: 'SYNC_CLOSED' })
    await cluster.clock.advance(10)
    expect(cb.peek('x')).toEqual({ n: 1 })
    await b.close()
    await waiting
    expect(b.health().state).toBe('closed')
    // a probe reads JSON, which turns Infinity into null
    expect(JSON.parse(JSON.stringify(b.health())).staleForMs).toBeGreaterThan(30_000)
    expect(() => b.collection(docs, { partition: 'eu' })).toThrow(/closed/)
  })

  it('resolves at its deadline when the store is unavailable', async () => {
    const cluster = createTestCluster({ instances: 1 })
    const [a] = cluster.instances
    const c = a?.collection(docs, { partition: 'eu' })
    await c?.assign('x', { n: 1 })
    cluster.store.makeUnavailable()
    const write = expect(c?.assign('x', { n: 2 })).rejects.toMatchObject({ code: 'SYNC_OUTCOME_UNKNOWN' })
    const closing = a?.close({ deadline: '1s' })
    await cluster.clock.advance(1_100)
    await closing
    await write
  })
})
