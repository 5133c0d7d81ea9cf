import { createInstance, createMemoryHub, memoryBus, memoryStore, type SyncInstance } from '@sync/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createEditor, type Edit, type Editor } from '../../../src/services/forecast/edits.ts'
import { initialUnits, midpoint, units, unitsSection } from '../../../src/services/forecast/units.ts'

let syncs: SyncInstance[]
let a: Editor
let b: Editor
beforeEach(async () => {
  const hub = createMemoryHub()
  syncs = [1, 2].map(() => createInstance({ store: memoryStore(hub), bus: memoryBus(hub) }))
  const editors = await Promise.all(
    syncs.map(async (sync, i) => {
      const held = sync.collection(units, unitsSection)
      await held.ready()
      for (const [key, unit] of initialUnits) await held.create(key, unit)
      return createEditor(sync, held, `replica ${i + 1}`)
    }),
  )
  ;[a, b] = editors as [Editor, Editor]
})
afterEach(() => Promise.all(syncs.map((sync) => sync.close())))

const key = 'unit-001'
const of = <F extends Edit['field']>(field: F, value: Edit['value']): Edit => ({ key, field, value, actor: 'ann' })

describe('two edits of one field at once', () => {
  it.each([
    { field: 'unitName', ours: 'North', theirs: 'South', merged: 'South', met: 0 },
    { field: 'installedCapacity', ours: 500, theirs: 470, merged: 500, met: 1 },
    { field: 'installedCapacity', ours: 470, theirs: 500, merged: 500, met: 1 },
    { field: 'demand', ours: 400, theirs: 420.4, merged: 410.2, met: 1 },
    { field: 'tags', ours: ['gas', 'north', 'peak'], theirs: ['gas', 'base'], merged: ['gas', 'peak', 'base'], met: 1 },
  ] as const)('of $field become $merged', async ({ field, ours, theirs, merged, met }) => {
    const [first, second] = await Promise.all([a.edit(of(field, ours)), b.edit(of(field, theirs))])
    expect(first.before).toEqual(second.before)
    expect(first.conflicts).toEqual([])
    expect(second.conflicts).toHaveLength(met)
    for (const { expected, found, remote } of second.conflicts) {
      expect([expected, found, remote]).toEqual([first.before.version, first.version, ours])
    }
    await Promise.all(syncs.map((sync) => sync.catchUp()))
    const [here, there] = [await a.fieldState(key, field), await b.fieldState(key, field)]
    expect(here).toEqual(there)
    expect(here.value).toEqual(merged)
    // what the greater one already holds is not written again
    expect(second.changed).toBe(merged !== ours)
    expect(here.version).toBe(second.changed ? second.version : first.version)
  })

  it('of different fields do not meet', async () => {
    const [first, second] = await Promise.all([a.edit(of('demand', 1)), b.edit(of('installedCapacity', 999))])
    expect([...first.conflicts, ...second.conflicts]).toEqual([])
  })
})

it('refuses a conditional edit of what another wrote since it was read, and tells what is there', async () => {
  const read = await a.fieldState(key, 'demand')
  await b.edit(of('demand', 400))
  const tried = await a.tryEdit({ ...of('demand', 420), expectedVersion: read.fieldVersion })
  expect(tried).toMatchObject({ ok: false, fieldVersion: read.fieldVersion + 1, value: 400 })
  const again = await a.tryEdit({ ...of('demand', 420), expectedVersion: read.fieldVersion + 1 })
  expect(again).toEqual({ ok: true, fieldVersion: read.fieldVersion + 2 })
  expect((await a.fieldState(key, 'demand')).value).toBe(420)
})

it('notes who edited where', async () => {
  const changes = syncs[1]?.collection(units, unitsSection).changes({ key })[Symbol.asyncIterator]()
  const next = changes?.next()
  await a.edit(of('demand', 399))
  expect((await next)?.value).toMatchObject([{ meta: { actor: 'ann', instance: 'replica 1' } }])
  await changes?.return?.()
})

it('meets in the middle the same way round from both sides', () => {
  expect(midpoint({ base: 0, local: 400, remote: 420.4 })).toBe(410.2)
  expect(midpoint({ base: 0, local: 420.4, remote: 400 })).toBe(410.2)
})
