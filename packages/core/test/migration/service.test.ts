import {
  createInstance,
  createMemoryHub,
  defineCollection,
  memoryBus,
  memoryStore,
  type SyncEvent,
  type SyncInstance,
} from '@sync/core'
import { createVirtualRuntime } from '@sync/core/testing'
import { describe, expect, it, vi } from 'vitest'
import { plant, units, watch, withoutDelivery } from './units.ts'

describe('the gap event', () => {
  it('is followed by a repair from the log', async () => {
    await using t = units()
    const events: SyncEvent[] = []
    await t.a.create('unit-001', plant)
    await t.b.get('unit-001')
    t.instances[1]?.onEvent((event) => events.push(event))
    await withoutDelivery(t, async () => {
      for (let n = 111; n <= 120; n++) await t.a.assign('unit-001', { demand: n })
    })
    await t.a.assign('unit-001', { demand: 121 })
    await t.instances[0]?.flush()
    // longer than the reorder window, shorter than the check interval
    await t.cluster.clock.advance(100)
    expect(events).toMatchObject([
      { type: 'gap', missing: 10 },
      { type: 'repaired', by: 'log', changes: 11 },
    ])
    expect(t.b.peek('unit-001')).toEqual({ ...plant, demand: 121 })
  })
})

describe('checkInterval', () => {
  it('bounds the time until a lost last change is found, although it leaves no gap', async () => {
    await using t = units({}, { checkInterval: '5s' })
    await t.a.create('unit-001', plant)
    await t.b.get('unit-001')
    await withoutDelivery(t, () => t.a.assign('unit-001', { demand: 390 }))
    expect(t.b.peek('unit-001')).toEqual(plant)
    await t.cluster.clock.advance(6_000)
    expect(t.b.peek('unit-001')).toEqual({ ...plant, demand: 390 })
  })
})

describe('catchUp()', () => {
  it('finds a lost last change at once', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    await t.b.get('unit-001')
    await withoutDelivery(t, () => t.a.assign('unit-001', { demand: 390 }))
    await t.instances[1]?.catchUp()
    expect(t.b.peek('unit-001')).toEqual({ ...plant, demand: 390 })
  })
})

describe('verify()', () => {
  it('compares cached documents with the store, on demand and at an interval', async () => {
    await using t = units({}, { verification: { interval: '1m', sample: 'all' } })
    for (let n = 0; n < 50; n++) await t.a.create(`unit-${n}`, plant)
    for (let n = 0; n < 50; n++) await t.b.get(`unit-${n}`)
    expect(await t.instances[1]?.verify({ sample: 10 })).toEqual({ checked: 10, differing: [], score: 1 })
    expect(await t.instances[1]?.verify()).toEqual({ checked: 50, differing: [], score: 1 })
    await t.cluster.clock.advance(120_000)
    expect(t.instances[1]?.stats().consistency).toBe(1)
  })
})

describe('the heartbeat check', () => {
  it('asks for all sections in one call', async () => {
    const runtime = createVirtualRuntime()
    const hub = createMemoryHub({ runtime })
    const store = memoryStore(hub)
    const heads = vi.spyOn(store, 'heads')
    const sync = createInstance({ store, bus: memoryBus(hub), runtime, checkInterval: '5s' })
    for (let n = 0; n < 100; n++) {
      const definition = defineCollection<{ n: number }>({ section: `section-${n}`, ttl: 'never' })
      await sync.collection(definition, { partition: 'eu' }).get('x')
    }
    heads.mockClear()
    await runtime.advance(60_000)
    expect(heads.mock.calls.length).toBeLessThan(15)
    expect(heads.mock.calls[0]?.[0]).toHaveLength(100)
    await sync.close()
  })
})

describe('the epoch event', () => {
  it("reports a lost history, and replicas return to the store's state", async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    await t.a.assign('unit-001', { demand: 390 })
    expect(await t.b.get('unit-001')).toEqual({ ...plant, demand: 390 })
    const lost: unknown[] = []
    t.instances[1]?.onEvent((event) => event.type === 'epoch' && lost.push(event.lost))
    t.cluster.store.loseTail(1)
    await t.cluster.settle()
    expect(lost).toEqual([true])
    expect(t.b.peek('unit-001')).toEqual(plant)
  })
})

describe('health()', () => {
  it('returns how far behind the store an instance may be', async () => {
    await using t = units()
    await t.b.get('unit-001')
    await t.cluster.clock.advance(10_000)
    expect(t.instances[1]?.health()).toMatchObject({ state: 'live' })
    expect(t.instances[1]?.health().staleForMs).toBeLessThan(6_000)
    t.cluster.store.makeUnavailable()
    await t.cluster.clock.advance(60_000)
    expect(t.instances[1]?.health()).toMatchObject({ state: 'stale' })
    expect(t.instances[1]?.health().staleForMs).toBeGreaterThan(60_000)
  })
})

describe('cache', () => {
  it('evicts documents that were not read for six hours', async () => {
    await using t = units({}, { checkInterval: '10m' })
    await t.a.create('unit-001', plant)
    await t.a.create('unit-002', plant)
    await t.b.getMany(['unit-001', 'unit-002'])
    for (let hour = 0; hour < 9; hour++) {
      await t.cluster.clock.advance(3_600_000)
      t.b.peek('unit-002')
    }
    expect([t.b.peek('unit-001'), t.b.peek('unit-002')]).toEqual([undefined, plant])
    expect(await t.b.get('unit-001')).toEqual(plant)
  })

  it('keeps no more documents than maxDocuments', async () => {
    await using t = units({ cache: { maxDocuments: 10 } })
    for (let n = 0; n < 100; n++) await t.a.create(`unit-${n}`, plant)
    for (let n = 0; n < 100; n++) await t.b.get(`unit-${n}`)
    expect(t.instances[1]?.stats().documents).toBeLessThanOrEqual(11)
  })
})

describe('createMemoryHub()', () => {
  it("trims a section's log to maxChanges and maxAge", async () => {
    await using t = units({}, { hub: { maxChanges: 50, maxAge: '1h' } })
    const changes = (): number | undefined =>
      t.cluster.store.inspect({ partition: 'eu', section: 'unit' })?.changes.length
    await t.a.create('unit-001', plant)
    for (let n = 0; n < 200; n++) await t.a.assign('unit-001', { demand: n })
    await t.cluster.settle()
    expect(changes()).toBe(50)
    await t.cluster.clock.advance(3_601_000)
    await t.a.assign('unit-001', { demand: 0 })
    expect(changes()).toBe(1)
  })
})

describe('stats()', () => {
  it('returns changes, conflicts, propagation times, watchers and buffered changes', async () => {
    await using t = units()
    t.cluster.bus.delay(15)
    await t.a.create('unit-001', plant)
    await t.b.get('unit-001')
    const all = watch(t.b)
    t.b.subscribe('unit-001', () => {})
    await t.cluster.settle()
    for (let n = 1; n <= 4; n++) await t.a.assign('unit-001', { demand: n })
    await t.instances[0]?.flush()
    await t.cluster.clock.advance(15)
    await t.b.compareAndSet('unit-001', 'demand', 9, { expectedVersion: 1 })
    const { conflicts, conflictRate, changes, propagation, watchers, buffered } = (
      t.instances[1] as SyncInstance
    ).stats()
    expect({ conflicts, conflictRate, changes, watchers, buffered }).toEqual({
      conflicts: 1,
      conflictRate: 1,
      changes: 4,
      watchers: 2,
      buffered: 0,
    })
    expect(propagation).toEqual({ p50: 15, p95: 15, p99: 15, count: 4 })
    await all.stop()
  })
})

describe('the definition-mismatch event', () => {
  it('reports that services define a section differently', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    const mismatches: SyncEvent[] = []
    const other = t.cluster.open()
    other.onEvent((event) => event.type === 'definition-mismatch' && mismatches.push(event))
    await other.collection(defineCollection({ section: 'unit', ttl: '7d' }), { partition: 'eu' }).ready()
    expect(mismatches).toHaveLength(1)
  })
})

describe('close()', () => {
  it('completes writes in progress and rejects later calls', async () => {
    await using t = units()
    const writing = t.a.create('unit-001', plant)
    const closing = t.instances[0]?.close()
    await t.cluster.clock.advance(10)
    await Promise.all([writing, closing])
    expect(await t.b.get('unit-001')).toEqual(plant)
    await expect(t.a.get('unit-001')).rejects.toMatchObject({ code: 'SYNC_CLOSED' })
  })
})
