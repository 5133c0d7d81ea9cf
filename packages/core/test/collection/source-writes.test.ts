import { type CollectionOptions, defineCollection, type LoadDocument, sum } from '@sync/core'
import { describe, expect, it, vi } from 'vitest'
import { open } from './open.ts'

interface Row {
  title: string
  stock: number
  tags?: string[]
}
type Load = LoadDocument<Row>

const row: Row = { title: 'Lamp', stock: 5 }

const openWithSource = (load: Load = async () => row, options: Partial<CollectionOptions<Row>> = {}) =>
  open(defineCollection<Row>({ section: 'row', ttl: 'never', source: load, ...options }))
type Opened = ReturnType<typeof openWithSource>

describe('a write to a document that only the source has', () => {
  it.each<[string, (t: Opened['a']) => Promise<unknown>, unknown, Row]>([
    ['assign()', (c) => c.assign('k', { stock: 4 }), { changed: true }, { title: 'Lamp', stock: 4 }],
    ['update()', (c) => c.update('k', (d) => void d.stock--), { changed: true }, { title: 'Lamp', stock: 4 }],
    [
      'patch()',
      (c) => c.patch('k', [{ op: 'replace', path: '/stock', value: 4 }]),
      { changed: true },
      { title: 'Lamp', stock: 4 },
    ],
    ['unset()', (c) => c.unset('k', ['tags']), { changed: false }, row],
    [
      'compareAndSet()',
      (c) => c.compareAndSet('k', 'stock', 4, { expectedVersion: 0 }),
      { ok: false, value: 5, fieldVersion: 1 },
      row,
    ],
    ['create()', (c) => c.create('k', { title: 'New', stock: 0 }), { created: false, entry: { value: row } }, row],
    ['set()', (c) => c.set('k', { title: 'New', stock: 0 }), { changed: true }, { title: 'New', stock: 0 }],
  ])('finds the row: %s', async (_, write, result, document) => {
    await using t = openWithSource()
    expect(await write(t.a)).toMatchObject(result as object)
    expect(await t.a.get('k')).toEqual(document)
    expect(await t.b.get('k')).toEqual(document)
  })

  it('compares ifVersion with the row once it is in the store', async () => {
    await using t = openWithSource()
    await expect(t.a.set('k', { title: 'New', stock: 0 }, { ifVersion: 0 })).rejects.toMatchObject({
      code: 'SYNC_CONFLICT',
    })
    expect(await t.a.get('k')).toEqual(row)
  })

  it('does not ask the source for delete(), set() and importMany()', async () => {
    const load = vi.fn<Load>(async () => row)
    await using t = openWithSource(load)
    expect(await t.a.delete('k')).toBe(false)
    await t.a.set('k', { title: 'New', stock: 0 })
    await t.a.importMany([['l', { title: 'New', stock: 0 }]])
    expect(load).not.toHaveBeenCalled()
  })

  it('asks the source although it did not have the row a moment ago', async () => {
    let current: Row | undefined
    await using t = openWithSource(async () => current)
    expect(await t.a.get('k')).toBe(undefined)
    current = row
    await t.a.assign('k', { stock: 4 })
    expect(await t.a.get('k')).toEqual({ title: 'Lamp', stock: 4 })
  })

  it('asks the source again after a load that began before the write found nothing', async () => {
    let current: Row | undefined
    const first = Promise.withResolvers<void>()
    const load = vi.fn<Load>(async () => {
      const read = current
      if (load.mock.calls.length === 1) await first.promise
      return read
    })
    await using t = openWithSource(load)
    const reading = t.a.get('k')
    await vi.waitUntil(() => load.mock.calls.length === 1)
    current = row
    const writing = t.a.assign('k', { stock: 4 })
    await t.cluster.clock.advance(1)
    first.resolve()
    await Promise.all([reading, writing])
    expect(await t.a.get('k')).toEqual({ title: 'Lamp', stock: 4 })
  })

  it('creates the document from the given fields when the source has none', async () => {
    await using t = openWithSource(async () => undefined)
    await t.a.assign('k', { title: 'New', stock: 1 })
    expect(await t.a.get('k')).toEqual({ title: 'New', stock: 1 })
    await expect(t.a.update('l', (d) => void d.stock++)).rejects.toMatchObject({ code: 'SYNC_NOT_FOUND' })
  })

  it('loads the row once for reads and writes at the same time, in the order of the calls', async () => {
    const load = vi.fn<Load>(async () => row)
    await using t = openWithSource(load)
    const calls = [
      t.a.get('k'),
      t.a.assign('k', { stock: 4 }),
      t.a.update('k', (d) => void d.stock--),
      t.a.set('k', { title: 'Last', stock: 0 }),
    ]
    await t.cluster.clock.advance(1)
    await Promise.all(calls)
    expect(load).toHaveBeenCalledTimes(1)
    expect(await t.a.get('k')).toEqual({ title: 'Last', stock: 0 })
  })

  it('discards a row that was read before an invalidation', async () => {
    let current = row
    const gate = Promise.withResolvers<void>()
    const load = vi.fn<Load>(async () => {
      const read = current
      await gate.promise
      return read
    })
    await using t = openWithSource(load)
    const reading = t.a.get('k')
    await vi.waitUntil(() => load.mock.calls.length === 1)
    current = { title: 'Renamed', stock: 5 }
    await t.b.delete('k')
    const writing = t.a.assign('k', { stock: 4 })
    await t.cluster.clock.advance(1)
    gate.resolve()
    await Promise.all([reading, writing])
    expect(await t.a.get('k')).toEqual({ title: 'Renamed', stock: 4 })
  })

  it('rejects with SYNC_SOURCE and writes nothing when the source fails', async () => {
    let load: Load = () => Promise.reject(new Error('no database'))
    await using t = openWithSource((...args) => load(...args))
    await expect(t.a.assign('k', { stock: 4 })).rejects.toMatchObject({ code: 'SYNC_SOURCE', committed: 'no' })
    load = async () => row
    expect(await t.a.get('k')).toEqual(row)
  })
})

describe('a field with a merge strategy', () => {
  const states = ['cached', 'evicted', 'never loaded'] as const
  const places = ['store', 'source', 'nowhere'] as const

  /** Writes 15 and 9 at once, where both callers started from 10. Returns the merged stock. */
  async function writeAtOnce(
    place: (typeof places)[number],
    at: readonly [a: (typeof states)[number], b: (typeof states)[number]],
    reversed: boolean,
  ): Promise<number | undefined> {
    const start = { title: 'Lamp', stock: 10 }
    const source: Load = async () => (place === 'source' ? start : undefined)
    await using t = open(defineCollection<Row>({ section: 'row', ttl: 'never', source, merge: { stock: sum } }))
    const withoutSource = defineCollection<Row>({ section: 'row', ttl: 'never', merge: { stock: sum } })
    const other = t.cluster.open().collection(withoutSource, { partition: 'eu' })
    if (place === 'store') await other.create('k', start)
    for (const [index, c] of [t.a, t.b].entries()) {
      if (at[index] === 'never loaded') continue
      await c.get('k')
      if (at[index] === 'evicted') await c.evict('k')
    }
    await t.cluster.settle()
    const writes = [() => t.a.assign('k', { stock: 15 }), () => t.b.assign('k', { stock: 9 })]
    const calls = (reversed ? writes.reverse() : writes).map((write) => write())
    await t.cluster.clock.advance(1_000)
    await Promise.all(calls)
    return (await other.get('k'))?.stock
  }

  it('merges concurrent writes alike, whether the document is cached, evicted or was never loaded', async () => {
    const combinations = places.flatMap((place) =>
      states.flatMap((a) => states.flatMap((b) => [false, true].map((reversed) => ({ place, a, b, reversed })))),
    )
    const results: object[] = []
    for (const each of combinations)
      results.push({ ...each, stock: await writeAtOnce(each.place, [each.a, each.b], each.reversed) })
    expect(results).toEqual(combinations.map((each) => ({ ...each, stock: each.place === 'nowhere' ? 24 : 14 })))
  })
})
