import { connect } from '@sync/config'
import { describe, expect, it } from 'vitest'
import { copyDocuments } from '../src/copy-documents.ts'
import { units, unitsSection } from '../src/services/forecast/units.ts'
import { outages, outagesSection } from '../src/services/outages.ts'

/** Opens an instance with the app's collections on a store. */
async function openAt(store: string) {
  const sync = await connect({ store })
  const at = { outages: sync.collection(outages, outagesSection), units: sync.collection(units, unitsSection) }
  return { ...at, [Symbol.asyncDispose]: () => sync.close() }
}

const listed = async (entries: AsyncIterable<readonly [string, { readonly value: unknown }]>) => {
  const found: Record<string, unknown> = {}
  for await (const [key, { value }] of entries) found[key] = value
  return found
}

describe('copyDocuments()', () => {
  it('makes the target equal to the source in all sections', async () => {
    await using from = await openAt('memory:copy-from')
    await using to = await openAt('memory:copy-to')
    const unit = { unitName: 'A', unitType: 'PP', demand: 1, installedCapacity: 2, tags: [] }
    await from.outages.set('kept', { n: 1 })
    await from.outages.set('new', { n: 2 })
    await from.units.set('unit-001', unit)
    await to.outages.set('kept', { n: 0, old: true })
    await to.outages.set('gone', { n: 3 })
    await to.units.set('unit-002', unit)
    await copyDocuments('memory:copy-from', 'memory:copy-to')
    await using copied = await openAt('memory:copy-to')
    expect(await listed(copied.outages.entries())).toEqual({ kept: { n: 1 }, new: { n: 2 } })
    expect(await listed(copied.units.entries())).toEqual({ 'unit-001': unit })
  })
})
