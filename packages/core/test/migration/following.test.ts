import { type Change, createInstance, defineCollection, memoryBus, memoryStore } from '@sync/core'
import { apply } from '@sync/core/patch'
import { record, replay } from '@sync/core/recording'
import { describe, expect, it } from 'vitest'
import { plant, type Unit, units, watch, withoutDelivery } from './units.ts'

describe('subscribe()', () => {
  it('calls the listener with each change of one document until it is unsubscribed', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    const changes: Change<Unit>[] = []
    const end = t.b.subscribe('unit-001', (change) => changes.push(change))
    await t.b.get('unit-001')
    await t.a.assign('unit-001', { demand: 390 })
    await t.cluster.settle()
    end()
    await t.a.assign('unit-001', { demand: 400 })
    await t.cluster.settle()
    expect(changes).toMatchObject([
      {
        kind: 'changed',
        key: 'unit-001',
        version: 2,
        at: expect.any(Number),
        fields: ['demand'],
        patch: [{ op: 'replace', path: '/demand', value: 390 }],
        value: { demand: 390 },
        previous: { demand: 380 },
      },
    ])
  })
})

describe('changes()', () => {
  it("emits a whole section's changes in the order of their commits", async () => {
    await using t = units()
    const all = watch(t.b, { combine: false })
    await t.cluster.settle()
    for (const key of ['unit-002', 'unit-001', 'unit-002']) await t.a.assign(key, { ...plant, demand: Math.PI })
    await t.a.assign('unit-001', { demand: 2 })
    await t.cluster.settle()
    expect(all.events.map(({ kind, key }) => `${kind} ${key}`)).toEqual([
      'created unit-002',
      'created unit-001',
      'delta unit-002',
      'delta unit-001',
    ])
    await all.stop()
  })

  it('emits only the changes of keys with a prefix, or of given fields', async () => {
    await using t = units()
    await t.a.create('eu/1', plant)
    const some = watch(t.b, { prefix: 'eu/', combine: false })
    const demand = watch(t.b, { fields: ['demand'], combine: false })
    await t.cluster.settle()
    await t.a.assign('eu/1', { demand: 1 })
    await t.a.assign('eu/1', { capacity: 1 })
    await t.a.create('us/1', plant)
    await t.cluster.settle()
    expect(some.events.map(({ key, version }) => [key, version])).toEqual([
      ['eu/1', 2],
      ['eu/1', 3],
    ])
    expect(demand.events.map(({ key, version }) => [key, version])).toEqual([
      ['eu/1', 2],
      ['us/1', 1],
    ])
    await Promise.all([some.stop(), demand.stop()])
  })

  it('emits a patch that turns the previous value into the new one', async () => {
    await using t = units()
    await t.a.create('unit-001', { ...plant, alarms: [{ id: 'hot', level: 1 }] })
    await t.b.get('unit-001')
    const all = watch(t.b, { key: 'unit-001' })
    await t.cluster.settle()
    await t.a.update('unit-001', (unit) => {
      unit.demand = 390
      unit.alarms?.unshift({ id: 'loud', level: 2 })
    })
    await t.a.unset('unit-001', ['alarms'])
    await t.cluster.settle()
    expect(all.events.length).toBeGreaterThan(0)
    for (const change of all.events) {
      if (change.kind !== 'changed') throw new Error(change.kind)
      expect(apply(change.previous, change.patch)).toEqual(change.value)
    }
    await all.stop()
  })

  it('combines waiting changes per document into all their edits and the highest version', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    await t.b.get('unit-001')
    const all = watch(t.b)
    await t.cluster.settle()
    t.cluster.bus.pause()
    for (let n = 1; n <= 10; n++) await t.a.assign('unit-001', { demand: n })
    await t.a.assign('unit-001', { capacity: 1 })
    await t.a.create('unit-002', plant)
    t.cluster.bus.resume()
    await t.cluster.settle()
    const one = all.events.filter(({ key }) => key === 'unit-001')
    expect(one.length).toBeLessThan(11)
    expect(one.reduce((sum, { commits }) => sum + commits, 0)).toBe(11)
    expect(one.at(-1)).toMatchObject({ version: 12, value: { demand: 10, capacity: 1 } })
    await all.stop()
  })

  it('emits batches of at most fifty changes, or of at most maxBatch', async () => {
    await using t = units()
    const [some, few] = [watch(t.b, { from: 'snapshot' }), watch(t.b, { from: 'snapshot', maxBatch: 10 })]
    for (let n = 0; n < 120; n++) await t.a.create(`unit-${n}`, plant)
    await t.cluster.settle()
    const late = watch(t.b, { from: 'snapshot' })
    await t.cluster.settle()
    expect([some, few, late].map(({ events }) => new Set(events.map(({ key }) => key)).size)).toEqual([120, 120, 120])
    expect(Math.max(...late.batches)).toBe(50)
    expect(Math.max(...few.batches)).toBeLessThanOrEqual(10)
    await Promise.all([some.stop(), few.stop(), late.stop()])
  })

  it('emits the past changes and then the live ones when a service starts a quarter of an hour late', async () => {
    await using t = units()
    const { position } = await t.a.assign('unit-001', plant)
    for (let n = 1; n <= 100; n++) await t.a.assign('unit-001', { demand: n })
    await t.cluster.clock.advance(15 * 60_000)
    const late = t.cluster.open()
    const { events, stop } = watch(t.b, { from: { after: position }, combine: false })
    await t.cluster.settle()
    await t.a.assign('unit-001', { demand: 101 })
    await t.cluster.settle()
    expect(events.map(({ version }) => version)).toEqual(Array.from({ length: 101 }, (_, n) => n + 2))
    await stop()
    await late.close()
  })

  it('continues after a saved position', async () => {
    await using t = units()
    const before = watch(t.b, { combine: false })
    await t.cluster.settle()
    for (let n = 1; n <= 5; n++) await t.a.assign('unit-001', { ...plant, demand: n })
    await t.cluster.settle()
    const saved = JSON.stringify(before.events.at(2)?.position)
    await before.stop()
    await t.instances[1]?.close()
    await t.a.assign('unit-001', { demand: 6 })
    const after = watch(t.a, { from: { after: JSON.parse(saved) as string }, combine: false })
    await t.cluster.settle()
    expect(after.events.map(({ version }) => version)).toEqual([4, 5, 6])
    await after.stop()
  })

  it('emits a reset with the value when the log no longer contains the position', async () => {
    await using t = units({}, { checkInterval: '1m' })
    const { position } = await t.a.assign('unit-001', plant)
    await t.a.assign('unit-001', { demand: 1 })
    await t.cluster.clock.advance(3_601_000)
    await t.a.assign('unit-001', { demand: 2 })
    const late = watch(t.b, { from: { after: position } })
    await t.cluster.settle()
    expect(late.events).toMatchObject([{ kind: 'reset', reason: 'log-truncated', value: { demand: 2 } }])
    await late.stop()
  })

  it("emits one document's changes in order when the bus loses, repeats and reorders messages", async () => {
    await using t = units({}, { seed: 11 })
    await t.a.create('unit-001', plant)
    const all = watch(t.b, { combine: false })
    await t.cluster.settle()
    t.cluster.bus.setFaultRates({ drop: 0.2, repeat: 0.2, reorder: 0.2 })
    for (let n = 1; n <= 100; n++) {
      await t.a.assign('unit-001', { demand: n })
      await t.cluster.clock.advance(1)
    }
    await t.cluster.settle()
    expect(all.events.map(({ version }) => version)).toEqual(Array.from({ length: 100 }, (_, n) => n + 2))
    await all.stop()
  })

  it('delays no other watcher when one watcher is slow', async () => {
    await using t = units()
    const stuck = t.b.changes()[Symbol.asyncIterator]()
    void stuck.next()
    const quick = watch(t.b, { combine: false })
    await t.cluster.settle()
    for (let n = 1; n <= 10; n++) await t.a.assign('unit-001', { ...plant, demand: n })
    await t.cluster.settle()
    expect(quick.events).toHaveLength(10)
    await quick.stop()
  })

  it('emits every missed change after a gap, and no reset', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    await t.b.get('unit-001')
    const all = watch(t.b, { combine: false })
    await t.cluster.settle()
    await withoutDelivery(t, async () => {
      for (let n = 1; n <= 10; n++) await t.a.assign('unit-001', { demand: n })
    })
    await t.a.assign('unit-001', { demand: 11 })
    await t.cluster.settle()
    expect(all.events.map(({ kind, version }) => `${kind} ${version}`)).toEqual(
      Array.from({ length: 11 }, (_, n) => `changed ${n + 2}`),
    )
    await all.stop()
  })

  it("reads one document's changes after a position from the log", async () => {
    await using t = units()
    const { position } = await t.a.assign('unit-001', plant)
    await t.a.assign('unit-001', { demand: 390 }, { meta: { actor: 'scheduler' } })
    await t.a.assign('unit-002', plant)
    await t.a.unset('unit-001', ['alarms', 'capacity'])
    const past = watch(t.b, { key: 'unit-001', from: { after: position }, combine: false })
    await t.cluster.settle()
    expect(past.events).toMatchObject([
      { version: 2, meta: { actor: 'scheduler' }, patch: [{ path: '/demand', value: 390 }] },
      { version: 3, patch: [{ op: 'remove', path: '/capacity' }] },
    ])
    await past.stop()
  })
})

describe('recentChanges()', () => {
  it("returns one document's changes of the last hour", async () => {
    await using t = units({}, { checkInterval: '1m' })
    await t.b.get('unit-001')
    await t.a.create('unit-001', plant)
    await t.a.assign('unit-001', { demand: 390 })
    await t.cluster.settle()
    expect(t.b.recentChanges('unit-001')).toMatchObject([
      { kind: 'created', version: 1, value: plant },
      { kind: 'delta', version: 2, patch: [{ path: '/demand', value: 390 }] },
    ])
    await t.cluster.clock.advance(3_601_000)
    expect(t.b.recentChanges('unit-001')).toEqual([])
  })
})

describe('record() and replay()', () => {
  it('copy a section to another instance', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    await t.a.create('unit-002', plant)
    const lines: string[] = []
    const recording = (async () => {
      for await (const text of record(t.a, { until: 'now' })) lines.push(text)
    })()
    await t.cluster.settle()
    await recording
    await using there = createInstance({ store: memoryStore(), bus: memoryBus() })
    const copy = there.collection(defineCollection<Unit>({ section: 'unit', ttl: 'never' }), { partition: 'eu' })
    expect(await replay(lines, copy)).toMatchObject({ changes: 2 })
    expect(await copy.get('unit-002')).toEqual(plant)
  })
})
