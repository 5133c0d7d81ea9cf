import { max, type SyncEvent, sum, union } from '@sync/core'
import { compareLamport, compareVector, createLamportClock, emptyVector, incrementVector } from '@sync/core/versioning'
import { expect, test } from 'vitest'
import { plant, units, withoutDelivery } from './stage.ts'

test('different fields do not conflict', async () => {
  await using t = units()
  await t.a.create('unit-001', plant)
  await Promise.all([t.a.assign('unit-001', { demand: 450.5 }), t.b.assign('unit-001', { capacity: 520 })])
  expect(await t.b.get('unit-001')).toEqual({ ...plant, demand: 450.5, capacity: 520 })
  expect(t.instances.map((each) => each.stats().conflicts)).toEqual([0, 0])
})

test('of one field the last commit wins, whatever the clocks say', async () => {
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

test('a recipe runs again on the newer value: no update is lost', async () => {
  await using t = units()
  await t.a.create('unit-001', plant)
  const adding = [t.a, t.b].flatMap((each) =>
    Array.from({ length: 10 }, () => each.update('unit-001', (unit) => void unit.demand++)),
  )
  await Promise.all(adding)
  expect((await t.b.get('unit-001', { after: (await t.a.assign('unit-001', { capacity: 1 })).position }))?.demand).toBe(
    400,
  )
})

test('numbers are merged as the greater one, or by their differences', async () => {
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

test('or by a function of your own', async () => {
  await using t = units({ merge: { name: ({ local, remote }) => [local, remote].sort().join('+') } })
  await t.a.create('unit-001', plant)
  await Promise.all([t.a.get('unit-001'), t.b.get('unit-001')])
  await Promise.all([t.a.assign('unit-001', { name: 'North' }), t.b.assign('unit-001', { name: 'East' })])
  await t.cluster.settle()
  expect(t.a.peek('unit-001')?.name).toBe('East+North')
  expect(t.b.peek('unit-001')?.name).toBe('East+North')
})

test('lists are merged by what each writer meant', async () => {
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

test('a rule of the domain refuses a write that met another state', async () => {
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

test('a conflict is told with its reason, both values and versions, and kept for who looks later', async () => {
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
      local: { demand: 385 },
      baseVersion: 1,
      remote: { demand: 390 },
      remoteVersion: 2,
    },
  ])
  expect(t.instances[1]?.recentConflicts()).toEqual(events)
  expect(await t.b.get('unit-001')).toEqual({ ...plant, demand: 395 })
})

test('vector and Lamport clocks are there for events of your own', () => {
  const first = incrementVector(emptyVector, 'a')
  const [mine, yours] = [incrementVector(first, 'a'), incrementVector(first, 'b')]
  expect([compareVector(first, mine), compareVector(mine, yours)]).toEqual(['before', 'concurrent'])
  const [a, b] = [createLamportClock({ node: 'a' }), createLamportClock({ node: 'b' })]
  const sent = a.tick()
  expect(compareLamport(sent, b.receive(sent))).toBeLessThan(0)
})
