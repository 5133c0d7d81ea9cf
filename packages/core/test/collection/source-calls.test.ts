import { type CollectionOptions, defineCollection } from '@sync/core'
import { describe, expect, it, vi } from 'vitest'
import { open } from './open.ts'

interface Row {
  n: number
}
type Source = NonNullable<CollectionOptions<Row>['source']>

const openWithSource = (source: Source) => open(defineCollection<Row>({ section: 'row', ttl: 'never', source }))
const keys = (count: number) => Array.from({ length: count }, (_, n) => `k${n}`)
const numberOf = (key: string) => ({ n: Number(key.slice(1)) })

describe('defineCollection({ source: { maxConcurrent } })', () => {
  it.each([
    ['16 by default', {}, 16],
    ['as the option says', { maxConcurrent: 3 }, 3],
  ])('bounds the calls of getMany(5000): %s', async (_, options, bound) => {
    let running = 0
    let highest = 0
    await using t = openWithSource({
      ...options,
      load: async (key) => {
        highest = Math.max(highest, ++running)
        await Promise.resolve()
        running--
        return numberOf(key)
      },
    })
    const found = await t.a.getMany(keys(5_000))
    expect(found.size).toBe(5_000)
    expect(found.get('k4999')).toEqual({ n: 4_999 })
    expect(highest).toBe(bound)
  })

  it('leaves a place free again after a call that fails', async () => {
    await using t = openWithSource({ maxConcurrent: 1, load: () => Promise.reject(new Error('down')) })
    for (const key of keys(3)) await expect(t.a.get(key)).rejects.toMatchObject({ code: 'SYNC_SOURCE' })
  })
})

describe('defineCollection({ source: { loadMany } })', () => {
  it('loads the keys that wait together, at most 100 per call', async () => {
    const loadMany = vi.fn(async (asked: readonly string[]) => new Map(asked.map((key) => [key, numberOf(key)])))
    await using t = openWithSource({ loadMany, maxConcurrent: 2 })
    expect((await t.a.getMany(keys(1_000))).size).toBe(1_000)
    const sizes = loadMany.mock.calls.map(([asked]) => asked.length)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1_000)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(100)
    expect(sizes.length).toBeLessThan(100)
  })

  it('uses load, where given, for a key that waits alone', async () => {
    const load = vi.fn(async (key: string) => numberOf(key))
    const loadMany = vi.fn(async (asked: readonly string[]) => new Map(asked.map((key) => [key, numberOf(key)])))
    await using t = openWithSource({ load, loadMany })
    await t.a.get('k1')
    expect([load, loadMany].map((fn) => fn.mock.calls.length)).toEqual([1, 0])
    await t.a.getMany(['k2', 'k3'])
    expect([load, loadMany].map((fn) => fn.mock.calls.length)).toEqual([1, 1])
  })

  it('reads a key that the map lacks as absent, and rejects a key whose value is an Error', async () => {
    await using t = openWithSource({
      loadMany: async () =>
        new Map<string, Row | Error>([
          ['k1', { n: 1 }],
          ['k2', new Error('row is locked')],
        ]),
    })
    const [one, two, three] = await Promise.allSettled(['k1', 'k2', 'k3'].map((key) => t.a.get(key)))
    expect(one).toMatchObject({ value: { n: 1 } })
    expect(two).toMatchObject({
      reason: {
        code: 'SYNC_SOURCE',
        address: { key: 'k2' },
        message: expect.stringContaining('loadMany failed: row is locked'),
      },
    })
    expect(three).toEqual({ status: 'fulfilled', value: undefined })
  })

  it.each<[string, () => Promise<never>, RegExp]>([
    ['rejects', () => Promise.reject(new Error('no database')), /no database/],
    [
      'throws',
      () => {
        throw new Error('no database')
      },
      /no database/,
    ],
    ['resolves with an object in place of a map', async () => ({ k1: { n: 1 } }) as never, /expected a Map by key/],
  ])('rejects every key of a call that %s', async (_, loadMany, message) => {
    await using t = openWithSource({ loadMany })
    for (const outcome of await Promise.allSettled(['k1', 'k2'].map((key) => t.a.get(key))))
      expect(outcome).toMatchObject({ reason: { code: 'SYNC_SOURCE', message: expect.stringMatching(message) } })
  })
})

describe('defineCollection({ source: { whenStoreUnavailable } })', () => {
  it("returns the source's document, marked stale, and writes nothing to the store", async () => {
    const load = vi.fn(async (key: string) => (key === 'k9' ? undefined : numberOf(key)))
    await using t = openWithSource({ load, whenStoreUnavailable: 'read' })
    await t.a.get('k0')
    t.cluster.store.makeUnavailable()
    const first = t.a.getEntry('k1')
    await t.cluster.clock.advance(100)
    const entry = await first
    expect(entry).toMatchObject({ value: { n: 1 }, version: 0, fieldVersions: {}, stale: true })
    expect(await t.a.get('k2')).toEqual({ n: 2 })
    expect(await t.a.get('k9')).toBe(undefined)
    expect(await t.a.getEntry('k0')).toMatchObject({ version: 1, stale: true })
    t.cluster.store.makeAvailable()
    await t.cluster.settle()
    const other = t.cluster
      .open()
      .collection(defineCollection<Row>({ section: 'row', ttl: 'never' }), { partition: 'eu' })
    const writing = t.a.assign('k1', { n: 5 }, { ifMatch: entry?.etag })
    writing.catch(() => {})
    await t.cluster.clock.advance(1_000)
    await expect(writing).rejects.toMatchObject({ code: 'SYNC_CONFLICT' })
    expect(await t.a.get('k1', { after: entry?.position as string })).toEqual({ n: 1 })
    expect(await other.get('k7')).toBe(undefined)
  })

  it('never writes a row that it read during the outage', async () => {
    let stock = 1
    await using t = openWithSource({ load: async () => ({ n: stock }), whenStoreUnavailable: 'read' })
    t.cluster.store.makeUnavailable()
    const reading = t.a.get('k1')
    await t.cluster.clock.advance(100)
    expect(await reading).toEqual({ n: 1 })
    stock = 2
    t.cluster.store.makeAvailable()
    await t.cluster.settle()
    expect(await t.b.get('k1')).toEqual({ n: 2 })
    expect(await t.a.get('k1')).toEqual({ n: 2 })
  })

  it('waits for the store by default, and rejects as the source does', async () => {
    await using waiting = openWithSource({ load: async () => ({ n: 1 }) })
    waiting.cluster.store.makeUnavailable()
    const timedOut = waiting.a.get('k1', { timeout: '1s' })
    timedOut.catch(() => {})
    await waiting.cluster.clock.advance(2_000)
    await expect(timedOut).rejects.toMatchObject({ code: 'SYNC_TIMEOUT' })
    await using t = openWithSource({ load: () => Promise.reject(new Error('down')), whenStoreUnavailable: 'read' })
    t.cluster.store.makeUnavailable()
    const failing = t.a.get('k1')
    failing.catch(() => {})
    await t.cluster.clock.advance(2_000)
    await expect(failing).rejects.toMatchObject({ code: 'SYNC_SOURCE' })
  })
})
