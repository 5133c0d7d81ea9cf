import { type CollectionOptions, defineCollection, type LoadDocument } from '@sync/core'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { open } from './open.ts'

interface Row {
  n: number
}
type Load = LoadDocument<Row>

const openWithSource = (
  source: NonNullable<CollectionOptions<Row>['source']>,
  options: Partial<CollectionOptions<Row>> = {},
) => open(defineCollection<Row>({ section: 'row', ttl: 'never', source, ...options }))

describe('defineCollection({ source })', () => {
  it('loads an absent document once for many callers', async () => {
    const source = vi.fn<Load>(async (key) => ({ n: key.length }))
    await using t = openWithSource(source)
    const [first, second] = await Promise.all([t.a.get('abc'), t.a.get('abc')])
    expect(first).toEqual({ n: 3 })
    expect(second).toBe(first)
    expect(await t.b.get('abc')).toEqual({ n: 3 })
    expect(source).toHaveBeenCalledTimes(1)
  })

  it('returns the same document to two instances that load at once', async () => {
    let n = 0
    const source = vi.fn<Load>(async () => ({ n: ++n }))
    await using t = openWithSource(source)
    const [a, b] = await Promise.all([t.a.get('x'), t.b.get('x')])
    expect(a).toEqual(b)
  })

  it('does not call the source again within negativeTtl', async () => {
    const source = vi.fn<Load>(async () => undefined)
    await using t = openWithSource({ load: source, negativeTtl: '10s' })
    for (let n = 0; n < 3; n++) expect(await t.a.get('x')).toBe(undefined)
    expect(source).toHaveBeenCalledTimes(1)
    await t.cluster.clock.advance(11_000)
    await t.a.get('x')
    expect(source).toHaveBeenCalledTimes(2)
    // a created document is visible at once
    await t.b.create('x', { n: 1 })
    await t.cluster.settle()
    expect(await t.a.get('x')).toEqual({ n: 1 })
  })

  it('discards a row that was read before an invalidation', async () => {
    const row = { n: 1 }
    const requested = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<void>()
    const source = vi.fn<Load>(async () => {
      const read = { ...row }
      requested.resolve()
      await answer.promise
      return read
    })
    await using t = openWithSource(source)
    const reading = t.a.get('x')
    await requested.promise
    // the database row changes, then the cached document is invalidated
    row.n = 2
    expect(await t.b.delete('x')).toBe(false)
    answer.resolve()
    expect(await reading).toEqual({ n: 2 })
    expect(source).toHaveBeenCalledTimes(2)
  })

  it('discards an old row after a delete or a write when there is a schema', async () => {
    const schema = z.object({ n: z.number() })
    const answers = [Promise.withResolvers<Row>(), Promise.withResolvers<Row>(), Promise.withResolvers<Row>()]
    let calls = 0
    const source: Load = () => answers[calls++]?.promise as Promise<Row>
    await using t = open(defineCollection({ section: 'row', ttl: 'never', schema, source }))
    const deleted = t.a.get('x')
    const created = t.a.get('y')
    await t.cluster.clock.advance(1)
    await t.b.delete('x')
    await t.b.set('y', { n: 5 })
    await t.cluster.clock.advance(1)
    for (const [at, { resolve }] of answers.entries()) resolve({ n: at === 2 ? 2 : 1 })
    expect([await deleted, await created]).toEqual([{ n: 2 }, { n: 5 }])
    expect(calls).toBe(3)
  })

  it('rejects the read when the source fails, and calls it again on the next read', async () => {
    let answer: () => Promise<unknown> = () => Promise.reject(new Error('no database'))
    const signals: AbortSignal[] = []
    await using t = openWithSource((_, signal) => {
      signals.push(signal)
      return answer() as Promise<Row>
    })
    await expect(t.a.get('x')).rejects.toMatchObject({
      code: 'SYNC_SOURCE',
      retryable: true,
      message: expect.stringContaining('source: load failed: no database'),
      address: { section: 'row', key: 'x' },
    })
    answer = async () => ({ n: new Date(0) })
    await expect(t.a.get('x')).rejects.toMatchObject({ code: 'SYNC_NOT_JSON', path: '/n' })
    answer = () => new Promise(() => {})
    const late = expect(t.a.get('x')).rejects.toMatchObject({ code: 'SYNC_SOURCE' })
    await t.cluster.clock.advance(31_000)
    await late
    expect(signals.at(-1)?.aborted).toBe(true)
    answer = async () => ({ n: 5 })
    expect(await t.a.get('x')).toEqual({ n: 5 })
  })
})
