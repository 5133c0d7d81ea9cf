import type { Change, ChangeBatch, ChangesOptions } from '@sync/core'
import { describe, expect, it } from 'vitest'
import { type Doc, openTestSetup, type TestSetup } from '../replica/test-setup.ts'

const BOOKMARK_INTERVAL = 5_000

/** Collects the batches of a stream as they arrive. */
function collect(t: TestSetup, options: ChangesOptions<Doc>): ChangeBatch<Change<Doc>>[] {
  const batches: ChangeBatch<Change<Doc>>[] = []
  const reading = (async () => {
    for await (const batch of t.local.changes(options)) batches.push(batch)
  })()
  // rejects when the instance closes
  reading.catch(() => {})
  return batches
}

const keys = (batches: readonly ChangeBatch<Change<Doc>>[]): string[] =>
  batches.flatMap((batch) => batch.map(({ kind, key, version }) => `${kind} ${key} ${version}`))

describe("changes({ from: 'snapshot' })", () => {
  it('emits a synced batch with a position when the section is empty', async () => {
    await using t = openTestSetup()
    const batches = collect(t, { from: 'snapshot' })
    await t.clock.advance(10)
    expect(batches).toMatchObject([{ length: 0, synced: 'snapshot', position: expect.any(String) }])
    await t.remote.assign('x', { n: 1 })
    const resumed = collect(t, { from: { after: batches[0]?.position as string } })
    await t.clock.advance(10)
    expect(keys(resumed)).toEqual(['created x 1'])
  })

  it('marks the last batch of the snapshot as synced', async () => {
    await using t = openTestSetup()
    for (const key of ['x', 'y', 'z']) await t.remote.assign(key, { n: 1 })
    const batches = collect(t, { from: 'snapshot', maxBatch: 2 })
    await t.clock.advance(10)
    expect(batches.map(({ length, synced }) => [length, synced])).toEqual([
      [2, undefined],
      [1, 'snapshot'],
    ])
    await t.remote.assign('y', { n: 2 })
    const resumed = collect(t, { from: { after: batches[1]?.position as string } })
    await t.clock.advance(10)
    expect(keys(resumed)).toEqual(['delta y 2'])
    expect(resumed.map(({ synced }) => synced)).toEqual([undefined, 'log'])
  })

  it('emits a position that covers the deletions before its list of documents', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1 })
    await t.local.get('other')
    t.hub.bus.setFaultRates({ drop: 1 })
    await t.remote.assign('x', { n: 2 })
    await t.remote.delete('x')
    const batches = collect(t, { from: 'snapshot' })
    await t.clock.advance(60_000)
    expect(keys(batches)).toEqual([])
    expect(batches.at(-1)?.synced).toBe('snapshot')
    const resumed = collect(t, { from: { after: batches.at(-1)?.position as string } })
    await t.clock.advance(10)
    expect(keys(resumed)).toEqual([])
  })

  it('is synced again by a snapshot when the log no longer has the position', async () => {
    await using t = openTestSetup({ maxChanges: 1 })
    const { position } = await t.remote.assign('x', { n: 1 })
    await t.remote.delete('x')
    await t.remote.assign('y', { n: 1 })
    await t.remote.delete('y')
    const batches = collect(t, { from: { after: position } })
    await t.clock.advance(10)
    expect(batches).toMatchObject([{ length: 0, synced: 'snapshot' }])
  })
})

describe('changes({ from: { after } }) of a section with a TTL', () => {
  it('emits the removal of a replayed document that has expired', async () => {
    await using t = openTestSetup({}, { ttl: 1_000 })
    const { position } = await t.remote.assign('x', { n: 1 })
    await t.remote.assign('x', { n: 2 })
    await t.remote.assign('kept', { n: 1 })
    await t.clock.advance(900)
    await t.remote.assign('kept', { n: 2 })
    await t.clock.advance(300)
    const batches = collect(t, { from: { after: position } })
    await t.clock.advance(10)
    expect(keys(batches)).toEqual(['delta x 2', 'created kept 2', expect.stringMatching('removed x')])
    expect(batches.at(-1)?.synced).toBe('log')
  })

  it('emits the removal of the watched document that has expired without a change', async () => {
    await using t = openTestSetup({}, { ttl: 1_000 })
    const { position } = await t.remote.assign('x', { n: 1 })
    await t.clock.advance(1_200)
    const batches = collect(t, { key: 'x', from: { after: position } })
    await t.clock.advance(10)
    expect(keys(batches)).toEqual([expect.stringMatching('removed x')])
  })
})

describe('changes({ prefix })', () => {
  it.each<[string, ChangesOptions<Doc>]>([
    ['prefix', { prefix: 'quiet' }],
    ['key', { key: 'quiet' }],
    ['fields', { fields: ['text'] }],
  ])('emits a newer position when only other documents change: %s', async (_, filter) => {
    await using t = openTestSetup({ maxChanges: 4 })
    await t.remote.assign('quiet', { text: 'a' })
    const batches = collect(t, { ...filter, from: 'snapshot' })
    await t.clock.advance(10)
    for (let n = 0; n < 20; n++) await t.remote.assign('busy', { n })
    await t.clock.advance(BOOKMARK_INTERVAL * 2)
    const { position } = batches.at(-1) as ChangeBatch<Change<Doc>>
    const before = batches.length
    await t.clock.advance(BOOKMARK_INTERVAL * 4)
    expect(batches.length).toBe(before)
    await t.remote.assign('quiet', { text: 'b' })
    const resumed = collect(t, { ...filter, from: { after: position } })
    await t.clock.advance(10)
    expect(keys(resumed)).toEqual(['delta quiet 2'].map((each) => each.replace('delta', resumed[0]?.[0]?.kind ?? '')))
    expect(resumed.at(-1)?.synced).toBe('log')
  })

  it('emits at most one empty batch per interval', async () => {
    await using t = openTestSetup()
    const batches = collect(t, { prefix: 'quiet', from: 'snapshot' })
    await t.clock.advance(10)
    for (let n = 0; n < 100; n++) {
      await t.remote.assign('busy', { n })
      await t.clock.advance(BOOKMARK_INTERVAL / 10)
    }
    expect(batches.length).toBeGreaterThan(8)
    expect(batches.length).toBeLessThan(13)
  })

  it("emits positions of a document's stream with subscribeBy: 'document'", async () => {
    await using t = openTestSetup({}, { subscribeBy: 'document' })
    await t.remote.assign('quiet', { n: 1 })
    const batches = collect(t, { key: 'quiet' })
    await t.clock.advance(10)
    for (let n = 0; n < 20; n++) await t.remote.assign('busy', { n })
    await t.clock.advance(60_000)
    expect(batches.at(-1)?.position).toMatch(/^21\./)
  })
})

describe('changes({ values: true })', () => {
  it('emits the value of each change of a document that is not cached', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1, text: 'a' })
    const batches = collect(t, { from: 'snapshot', values: true, combine: false })
    await t.clock.advance(10)
    for (let n = 2; n <= 3; n++) {
      await t.remote.assign('x', { n })
      await t.clock.advance(10)
    }
    await t.remote.delete('x')
    await t.clock.advance(10)
    expect(batches.flat()).toMatchObject([
      { kind: 'reset', reason: 'snapshot', version: 1, value: { n: 1, text: 'a' } },
      { kind: 'reset', reason: 'loaded', version: 2, value: { n: 2, text: 'a' } },
      { kind: 'reset', reason: 'loaded', version: 3, value: { n: 3, text: 'a' } },
      { kind: 'removed', version: 4 },
    ])
  })

  it('emits the current value once when changes are read from the log', async () => {
    await using t = openTestSetup()
    const { position } = await t.remote.assign('x', { n: 1 })
    for (let n = 2; n <= 5; n++) await t.remote.assign('x', { n })
    const batches = collect(t, { from: { after: position }, values: true, combine: false })
    await t.clock.advance(10)
    expect(batches.flat()).toMatchObject([{ kind: 'reset', reason: 'loaded', version: 5, value: { n: 5 } }])
    expect(batches.at(-1)).toMatchObject({ synced: 'log', position: expect.stringMatching(/^5\./) })
  })

  it('emits the removal of a changed document that is deleted before its value is loaded', async () => {
    await using t = openTestSetup()
    const { position } = await t.remote.assign('x', { n: 1 })
    await t.remote.assign('x', { n: 2 })
    await t.remote.delete('x')
    const batches = collect(t, { from: { after: position }, values: true })
    await t.clock.advance(10)
    expect(keys(batches)).toEqual([expect.stringMatching('removed x')])
  })

  it('emits the removal of a replayed document that has expired', async () => {
    await using t = openTestSetup({}, { ttl: 1_000 })
    const { position } = await t.remote.assign('x', { n: 1 })
    await t.remote.assign('x', { n: 2 })
    await t.clock.advance(1_200)
    const batches = collect(t, { from: { after: position }, values: true })
    await t.clock.advance(10)
    expect(keys(batches)).toEqual([expect.stringMatching('removed x')])
  })
})

describe('changes() with too many waiting changes', () => {
  it('emits the removal of a document that existed before the stream', async () => {
    await using t = openTestSetup({ maxChanges: 100_000 })
    await t.remote.assign('x', { n: 1 })
    const stream = t.local.changes()[Symbol.asyncIterator]()
    const first = stream.next()
    await t.clock.advance(10)
    await t.remote.assign('y', { n: 1 })
    await t.clock.advance(10)
    expect((await first).value).toMatchObject([{ key: 'y' }])
    await t.remote.delete('x')
    await t.remote.importMany(Array.from({ length: 10_001 }, (_, n): [string, Doc] => [`k-${n}`, { n }]))
    await t.clock.advance(10)
    expect((await stream.next()).value?.[0]).toMatchObject({ kind: 'removed', key: 'x' })
    await stream.return?.()
  })
})

describe("changes({ until: 'now' })", () => {
  it('ends with a synced batch when the snapshot contains changes that the bus lost', async () => {
    await using t = openTestSetup()
    await t.remote.assign('x', { n: 1 })
    const batches = collect(t, { from: 'snapshot', until: 'now' })
    t.hub.bus.setFaultRates({ drop: 1 })
    await t.remote.assign('y', { n: 1 })
    await t.clock.advance(10)
    expect(batches.at(-1)?.synced).toBe('snapshot')
  })
})

describe('changes()', () => {
  it('yields batches that equal arrays of their changes', async () => {
    await using t = openTestSetup()
    const batches = collect(t, { from: 'snapshot' })
    await t.clock.advance(10)
    expect(batches).toEqual([[]])
  })
})
