import { createInstance, createMemoryHub, memoryBus, memoryStore, type SyncInstance } from '@sync/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createEditor, type Edit, type Editor } from '../../../src/services/forecast/edits.ts'
import { initialUnits, midpoint, units, unitsSection } from '../../../src/services/forecast/units.ts'

let syncs: SyncInstance[]
let a: Editor
let b: Editor
beforeEach(async () => {
  const hub = createMemoryHub()
  syncs = [1, 2].map(() => createInstance({ store: memoryStore(hub), bus: memoryBus(hub), conflictValues: true }))
  const editors = await Promise.all(
    syncs.map(async (sync, i) => {
      const collection = sync.collection(units, unitsSection)
      await collection.ready()
      for (const [key, unit] of initialUnits) await collection.create(key, unit)
      return createEditor(sync, collection, `replica ${i + 1}`)
    }),
  )
  ;[a, b] = editors as [Editor, Editor]
})
afterEach(() => Promise.all(syncs.map((sync) => sync.close())))

const key = 'unit-001'
const of = <F extends Edit['field']>(field: F, value: Edit['value']): Edit => ({ key, field, value, actor: 'ann' })

describe('Editor.edit()', () => {
  it.each([
    { field: 'unitName', ours: 'North', theirs: 'South', merged: 'South', conflicts: 0 },
    { field: 'installedCapacity', ours: 500, theirs: 470, merged: 500, conflicts: 1 },
    { field: 'installedCapacity', ours: 470, theirs: 500, merged: 500, conflicts: 1 },
    { field: 'demand', ours: 400, theirs: 420.4, merged: 410.2, conflicts: 1 },
    {
      field: 'tags',
      ours: ['gas', 'north', 'peak'],
      theirs: ['gas', 'base'],
      merged: ['gas', 'peak', 'base'],
      conflicts: 1,
    },
  ] as const)('merges concurrent edits of $field to $merged', async ({ field, ours, theirs, merged, conflicts }) => {
    const [first, second] = await Promise.all([a.edit(of(field, ours)), b.edit(of(field, theirs))])
    expect(first.before).toEqual(second.before)
    expect(first.conflicts).toEqual([])
    expect(second.conflicts).toHaveLength(conflicts)
    for (const { expected, found, remote } of second.conflicts) {
      expect([expected, found, remote]).toEqual([first.before.version, first.version, ours])
    }
    await Promise.all(syncs.map((sync) => sync.catchUp()))
    const [stateOnA, stateOnB] = [await a.fieldState(key, field), await b.fieldState(key, field)]
    expect(stateOnA).toEqual(stateOnB)
    expect(stateOnA.value).toEqual(merged)
    // a merge that results in the stored value is not written
    expect(second.changed).toBe(merged !== ours)
    expect(stateOnA.version).toBe(second.changed ? second.version : first.version)
  })

  it('reports no conflict between edits of different fields', async () => {
    const [first, second] = await Promise.all([a.edit(of('demand', 1)), b.edit(of('installedCapacity', 999))])
    expect([...first.conflicts, ...second.conflicts]).toEqual([])
  })
})

describe('Editor.compareAndSet()', () => {
  it('fails with the current state when another instance has written the field since it was read', async () => {
    const read = await a.fieldState(key, 'demand')
    await b.edit(of('demand', 400))
    const attempt = await a.compareAndSet({ ...of('demand', 420), expectedVersion: read.fieldVersion })
    expect(attempt).toMatchObject({ ok: false, fieldVersion: read.fieldVersion + 1, value: 400 })
    const again = await a.compareAndSet({ ...of('demand', 420), expectedVersion: read.fieldVersion + 1 })
    expect(again).toEqual({ ok: true, fieldVersion: read.fieldVersion + 2 })
    expect((await a.fieldState(key, 'demand')).value).toBe(420)
  })
})

describe('createEditor()', () => {
  it("records author and instance in each change's meta", async () => {
    const changes = syncs[1]?.collection(units, unitsSection).changes({ key })[Symbol.asyncIterator]()
    const next = changes?.next()
    await a.edit(of('demand', 399))
    expect((await next)?.value).toMatchObject([{ meta: { actor: 'ann', instance: 'replica 1' } }])
    await changes?.return?.()
  })
})

describe('midpoint()', () => {
  it('returns the same value from both sides', () => {
    expect(midpoint({ base: 0, local: 400, remote: 420.4 })).toBe(410.2)
    expect(midpoint({ base: 0, local: 420.4, remote: 400 })).toBe(410.2)
  })
})
