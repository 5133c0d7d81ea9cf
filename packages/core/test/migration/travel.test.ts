import { describe, expect, it } from 'vitest'
import { plant, units } from './units.ts'

describe('update()', () => {
  it('sends less than a tenth of a 3.5 KB document when one field changes', async () => {
    await using t = units()
    const name = 'x'.repeat(3_400)
    await t.a.create('unit-001', { ...plant, name })
    await t.a.get('unit-001')
    const sent = (): number => t.instances[0]?.stats().publishedBytes ?? 0
    const before = sent()
    for (let n = 1; n <= 100; n++) await t.a.update('unit-001', (unit) => void unit.demand++)
    await t.instances[0]?.flush()
    expect((sent() - before) / 100).toBeLessThan(350)
    expect(before).toBeGreaterThan(3_400)
  })

  it('sends only what changed within a field', async () => {
    await using t = units()
    const alarms = Array.from({ length: 100 }, (_, n) => ({ id: `alarm-${n}`, level: 1 }))
    await t.a.create('unit-001', { ...plant, alarms })
    await t.b.get('unit-001')
    const patches: unknown[] = []
    t.b.subscribe('unit-001', (change) => patches.push('patch' in change && change.patch))
    await t.a.update('unit-001', (unit) => {
      const alarm = unit.alarms?.[57]
      if (alarm) alarm.level = 3
    })
    await t.cluster.settle()
    expect(patches).toEqual([[{ op: 'replace', path: '/alarms/57/level', value: 3 }]])
  })
})

describe('patch()', () => {
  it('applies all six operations of JSON Patch, completely or not at all', async () => {
    await using t = units()
    await t.a.create('unit-001', { ...plant, alarms: [{ id: 'hot', level: 1 }] })
    await t.a.patch('unit-001', [
      { op: 'test', path: '/name', value: 'Plant A' },
      { op: 'replace', path: '/demand', value: 390 },
      { op: 'add', path: '/alarms/-', value: { id: 'loud', level: 2 } },
      { op: 'copy', from: '/demand', path: '/capacity' },
      { op: 'move', from: '/alarms/0', path: '/alarms/1' },
      { op: 'remove', path: '/alarms/0' },
    ])
    const expected = { name: 'Plant A', demand: 390, capacity: 390, alarms: [{ id: 'hot', level: 1 }] }
    expect(await t.b.get('unit-001')).toEqual(expected)
    const refused = t.a.patch('unit-001', [
      { op: 'replace', path: '/demand', value: 1 },
      { op: 'test', path: '/name', value: 'Plant B' },
    ])
    await expect(refused).rejects.toMatchObject({ code: 'SYNC_PATCH', reason: 'test-failed', index: 1 })
    expect(await t.b.get('unit-001')).toEqual(expected)
  })
})
