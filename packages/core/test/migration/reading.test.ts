import { createInstance, createMemoryHub, defineCollection, memoryBus, memoryStore } from '@sync/core'
import { createVirtualRuntime } from '@sync/core/testing'
import { describe, expect, it, vi } from 'vitest'
import { plant, type Unit, units, watch, withoutDelivery } from './units.ts'

describe('get()', () => {
  it('loads a document once when many callers ask at the same time', async () => {
    const hub = createMemoryHub({ runtime: createVirtualRuntime() })
    const store = memoryStore(hub)
    const load = vi.spyOn(store, 'load')
    await using sync = createInstance({ store, bus: memoryBus(hub) })
    const collection = sync.collection(defineCollection<Unit>({ section: 'unit', ttl: 'never' }), { partition: 'eu' })
    await Promise.all(Array.from({ length: 100 }, () => collection.get('unit-001')))
    expect(load).toHaveBeenCalledTimes(1)
    expect(load.mock.calls[0]?.[0]).toHaveLength(1)
  })

  it('returns a cached document without the store, also while the store is unavailable', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    await t.b.get('unit-001')
    t.cluster.store.makeUnavailable()
    expect(t.b.peek('unit-001')).toEqual(plant)
    expect(await t.b.get('unit-001')).toBe(t.b.peek('unit-001'))
    await t.cluster.clock.advance(10_000)
    expect(await t.b.getEntry('unit-001')).toMatchObject({ value: plant, stale: true })
  })

  it('returns a whole document as of one instant', async () => {
    await using t = units()
    await t.a.create('unit-001', { ...plant, demand: 0, capacity: 0 })
    const writing = (async () => {
      for (let n = 1; n <= 100; n++) await t.a.assign('unit-001', { demand: n, capacity: n })
    })()
    for (let n = 0; n < 100; n++) {
      await t.b.evict('unit-001')
      const read = await t.b.get('unit-001')
      expect(read?.demand).toBe(read?.capacity)
    }
    await writing
  })

  it('misses no change that arrives during the first read', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    const reading = t.b.get('unit-001')
    await Promise.all([reading, t.a.assign('unit-001', { demand: 390 })])
    await t.instances[0]?.flush()
    await t.cluster.clock.advance(1)
    expect(t.b.peek('unit-001')).toEqual({ ...plant, demand: 390 })
  })
})

describe('ready()', () => {
  it('resolves when the instance receives every further change', async () => {
    await using t = units({ replicate: 'all' })
    await t.b.ready()
    await t.a.create('unit-001', plant)
    await t.instances[0]?.flush()
    await t.cluster.clock.advance(1)
    expect(t.b.peek('unit-001')).toEqual(plant)
  })
})

describe('evict()', () => {
  it('drops one document on this instance only, and the next read loads it again', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    await t.b.get('unit-001')
    await withoutDelivery(t, () => t.a.assign('unit-001', { demand: 390 }))
    expect(await t.b.get('unit-001')).toEqual(plant)
    await t.b.evict('unit-001')
    expect(t.b.peek('unit-001')).toBe(undefined)
    expect(await t.b.get('unit-001')).toEqual({ ...plant, demand: 390 })
  })
})

describe('source', () => {
  it('fills a document that the store does not have from a database, once for all instances', async () => {
    const source = vi.fn(async (key: string) => ({ ...plant, name: key }))
    await using t = units({ source })
    expect(await t.a.get('unit-001')).toEqual({ ...plant, name: 'unit-001' })
    expect(await t.b.get('unit-001')).toEqual({ ...plant, name: 'unit-001' })
    expect(source).toHaveBeenCalledTimes(1)
  })
})

describe('entries()', () => {
  it('yields all documents, or those whose key has a prefix', async () => {
    await using t = units()
    for (const key of ['eu/1', 'eu/2', 'us/1']) await t.a.create(key, plant)
    const keys: string[] = []
    for await (const [key] of t.b.entries({ prefix: 'eu/' })) keys.push(key)
    expect(keys.sort()).toEqual(['eu/1', 'eu/2'])
  })
})

describe('get(key, { after })', () => {
  it("returns another service's write at its position", async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    await t.b.get('unit-001')
    await withoutDelivery(t, async () => {
      const { position } = await t.a.assign('unit-001', { demand: 390 })
      expect((await t.b.get('unit-001'))?.demand).toBe(380)
      expect((await t.b.get('unit-001', { after: position }))?.demand).toBe(390)
    })
  })
})

describe('peek()', () => {
  it('returns a frozen value whose unchanged parts remain the same objects', async () => {
    await using t = units()
    await t.a.create('unit-001', { ...plant, alarms: [{ id: 'hot', level: 1 }] })
    const before = await t.b.get('unit-001')
    const follows = watch(t.b)
    await t.cluster.settle()
    await t.a.assign('unit-001', { demand: 390 })
    await t.cluster.settle()
    const after = t.b.peek('unit-001')
    expect(Object.isFrozen(after)).toBe(true)
    expect(before).toEqual({ ...plant, alarms: [{ id: 'hot', level: 1 }] })
    expect(after?.alarms).toBe(before?.alarms)
    await follows.stop()
  })
})
