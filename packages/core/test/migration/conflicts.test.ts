import { max, type SyncEvent, sum, union } from '@sync/core'
import { compareLamport, compareVector, createLamportClock, emptyVector, incrementVector } from '@sync/core/versioning'
import { describe, expect, it } from 'vitest'
import { plant, units, withoutDelivery } from './units.ts'

describe('assign()', () => {
  it('merges concurrent changes of different fields without a conflict', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    await Promise.all([t.a.assign('unit-001', { demand: 450.5 }), t.b.assign('unit-001', { capacity: 520 })])
    expect(await t.b.get('unit-001')).toEqual({ ...plant, demand: 450.5, capacity: 520 })
    expect(t.instances.map((each) => each.stats().conflicts)).toEqual([0, 0])
  })

  it('keeps the last commit when two instances set one field, even when the clock jumps back', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    await t.a.assign('unit-001', { demand: 450 })
    t.cluster.clock.jump(-3_600_000)
    await t.b.assign('unit-001', { demand: 480 })
    await t.cluster.settle()
    expect([await t.a.get('unit-001'), await t.b.get('unit-001')]).toEqual([
      { ...plant, demand: 480 },
      { ...plant, demand: 480 },
    ])
  })
})

describe('update()', () => {
  it('runs the recipe again on the newer value, so that no update is lost', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    const adding = [t.a, t.b].flatMap((each) =>
      Array.from({ length: 10 }, () => each.update('unit-001', (unit) => void unit.demand++)),
    )
    await Promise.all(adding)
    expect(
      (await t.b.get('unit-001', { after: (await t.a.assign('unit-001', { capacity: 1 })).position }))?.demand,
    ).toBe(400)
  })
})

describe('merge', () => {
  it('merges numbers by their maximum, or by adding the differences', async () => {
    await using t = units({ merge: { capacity: max, demand: sum } })
    await t.a.create('unit-001', plant)
    await Promise.all([t.a.get('unit-001'), t.b.get('unit-001')])
    await Promise.all([
      t.a.assign('unit-001', { capacity: 600, demand: 385 }),
      t.b.assign('unit-001', { capacity: 550, demand: 373 }),
    ])
    await t.cluster.settle()
    expect(t.a.peek('unit-001')).toEqual({ ...plant, capacity: 600, demand: 378 })
    expect(t.b.peek('unit-001')).toEqual(t.a.peek('unit-001'))
  })

  it('merges a field by a function of your own', async () => {
    await using t = units({ merge: { name: ({ local, remote }) => [local, remote].sort().join('+') } })
    await t.a.create('unit-001', plant)
    await Promise.all([t.a.get('unit-001'), t.b.get('unit-001')])
    await Promise.all([t.a.assign('unit-001', { name: 'North' }), t.b.assign('unit-001', { name: 'East' })])
    await t.cluster.settle()
    expect(t.a.peek('unit-001')?.name).toBe('East+North')
    expect(t.b.peek('unit-001')?.name).toBe('East+North')
  })

  it('merges lists by what each writer added and removed', async () => {
    await using t = units({ merge: { alarms: union('id') } })
    await t.a.create('unit-001', { ...plant, alarms: [{ id: 'hot', level: 1 }] })
    await Promise.all([t.a.get('unit-001'), t.b.get('unit-001')])
    await Promise.all([
      t.a.assign('unit-001', {
        alarms: [
          { id: 'hot', level: 1 },
          { id: 'loud', level: 2 },
        ],
      }),
      t.b.assign('unit-001', { alarms: [{ id: 'wet', level: 3 }] }),
    ])
    await t.cluster.settle()
    expect(
      t.b
        .peek('unit-001')
        ?.alarms?.map(({ id }) => id)
        .sort(),
    ).toEqual(['loud', 'wet'])
  })
})

describe('onConflict', () => {
  it('rejects the write when it throws', async () => {
    await using t = units({
      onConflict: ({ local, remote }) => {
        if ((local?.demand ?? 0) > (remote?.capacity ?? 0)) throw new Error('beyond the capacity')
      },
    })
    await t.a.create('unit-001', plant)
    await t.b.get('unit-001')
    await withoutDelivery(t, () => t.a.assign('unit-001', { capacity: 400 }))
    await expect(t.b.update('unit-001', (unit) => ({ ...unit, demand: 450 }))).rejects.toMatchObject({
      code: 'SYNC_REJECTED',
      committed: 'no',
      message: expect.stringContaining('onConflict threw: beyond the capacity'),
    })
  })
})

describe('the conflict event', () => {
  it('reports the reason, the fields and both versions, and is kept for recentConflicts()', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    await t.b.get('unit-001')
    await withoutDelivery(t, () => t.a.assign('unit-001', { demand: 390 }))
    const events: SyncEvent[] = []
    t.instances[1]?.onEvent((event) => events.push(event))
    await t.b.update('unit-001', (unit) => ({ ...unit, demand: unit.demand + 5 }))
    expect(events).toMatchObject([
      {
        type: 'conflict',
        key: 'unit-001',
        reason: 'version',
        fields: ['demand'],
        baseVersion: 1,
        remoteVersion: 2,
      },
    ])
    expect(t.instances[1]?.recentConflicts()).toEqual(events)
    expect(await t.b.get('unit-001')).toEqual({ ...plant, demand: 395 })
  })
})

describe('@sync/core/versioning', () => {
  it('orders events of your own with vector and Lamport clocks', () => {
    const first = incrementVector(emptyVector, 'a')
    const [mine, yours] = [incrementVector(first, 'a'), incrementVector(first, 'b')]
    expect([compareVector(first, mine), compareVector(mine, yours)]).toEqual(['before', 'concurrent'])
    const [a, b] = [createLamportClock({ node: 'a' }), createLamportClock({ node: 'b' })]
    const sent = a.tick()
    expect(compareLamport(sent, b.receive(sent))).toBeLessThan(0)
  })
})
