import { type CollectionOptions, defineCollection } from '@sync/core'
import { describe, expect, it } from 'vitest'
import { plant, type Unit, units } from './units.ts'

describe('defineCollection()', () => {
  it('defines a collection as data, without a class to inherit from', async () => {
    await using t = units()
    const [here] = t.instances
    const us = here?.collection(defineCollection<Unit>({ section: 'unit', ttl: 'never' }), { partition: 'us' })
    const limits = here?.collection(defineCollection<{ max: number }>({ section: 'limit', ttl: '1h' }), {
      partition: 'eu',
    })
    await t.a.create('unit-001', plant)
    await limits?.create('unit-001', { max: 500 })
    expect(await us?.get('unit-001')).toBe(undefined)
    expect(await limits?.get('unit-001')).toEqual({ max: 500 })
  })
})

describe('getEntry()', () => {
  it('returns versions and times beside the document, not in it', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    await t.a.assign('unit-001', { demand: 390 })
    const entry = await t.b.getEntry('unit-001')
    expect(entry?.value).toEqual({ ...plant, demand: 390 })
    expect(entry).toMatchObject({ version: 2, changedAt: t.cluster.clock.now(), stale: false })
  })

  it('returns a version for each field', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    await t.a.assign('unit-001', { demand: 390 })
    await t.b.assign('unit-001', { demand: 400, capacity: 510 })
    expect((await t.a.getEntry('unit-001'))?.fieldVersions).toEqual({ name: 1, demand: 3, capacity: 2 })
  })
})

describe('assign()', () => {
  it('returns the version that the store counts, one per commit, whichever instance writes', async () => {
    await using t = units()
    const first = await t.a.assign('unit-001', plant)
    const others = await Promise.all([t.a.assign('unit-001', { demand: 1 }), t.b.assign('unit-001', { capacity: 2 })])
    await t.a.get('unit-001')
    const nothing = await t.a.assign('unit-001', { demand: 1 })
    expect(first.version).toBe(1)
    expect(others.map(({ version }) => version).sort()).toEqual([2, 3])
    expect(nothing).toMatchObject({ version: 3, changed: false })
  })

  it('rejects an ETag from before the document was deleted and created again', async () => {
    await using t = units()
    await t.a.create('unit-001', plant)
    const etag = (await t.a.getEntry('unit-001'))?.etag as string
    await t.b.delete('unit-001')
    await t.b.create('unit-001', plant)
    expect((await t.a.getEntry('unit-001'))?.version).toBe(1)
    await expect(t.a.assign('unit-001', { demand: 1 }, { ifMatch: etag })).rejects.toMatchObject({
      code: 'SYNC_CONFLICT',
    })
  })
})

describe('ttl', () => {
  it('has no default: a definition without one throws', () => {
    const options = { section: 'unit' } as CollectionOptions<Unit>
    expect(() => defineCollection<Unit>(options)).toThrow("expected 'never' or a duration")
  })

  const DAY = 86_400_000

  it('expires a document seven days after its last write', async () => {
    await using t = units({ ttl: '7d' }, { checkInterval: '1h' })
    await t.a.create('unit-001', plant)
    await t.cluster.clock.advance(6 * DAY)
    await t.a.assign('unit-001', { demand: 390 })
    await t.cluster.clock.advance(6 * DAY)
    expect(await t.b.get('unit-001')).toEqual({ ...plant, demand: 390 })
    await t.cluster.clock.advance(DAY + 1_000)
    expect(await t.b.get('unit-001')).toBe(undefined)
  })

  it('expires a document seven days after its last read when sliding, and reports it', async () => {
    await using t = units({ ttl: { after: '7d', sliding: true } }, { checkInterval: '1h' })
    await t.a.create('unit-001', plant)
    const changes: unknown[] = []
    t.b.subscribe('unit-001', (change) => changes.push(change))
    for (let day = 0; day < 20; day += 2) {
      expect(await t.b.get('unit-001')).toEqual(plant)
      await t.cluster.clock.advance(2 * DAY)
    }
    expect(changes).toEqual([])
    await t.cluster.clock.advance(7 * DAY)
    expect(changes).toMatchObject([{ kind: 'removed', reason: 'expired' }])
  })
})
