import { defineCollection, type JsonObject } from '@sync/core'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { open } from './open.ts'

const size = { width: z.number(), parts: z.array(z.object({ id: z.string() })) }
const v1 = z.object({ title: z.string(), note: z.string().optional(), size: z.object(size) })
const v2 = z.object({
  title: z.string(),
  note: z.string().optional(),
  color: z.string().optional(),
  size: z.object({ ...size, unit: z.string(), parts: z.array(z.object({ id: z.string(), color: z.string() })) }),
})
const newer = {
  title: 'Lamp',
  note: 'old',
  color: 'red',
  size: { width: 1, unit: 'cm', parts: [{ id: 'a', color: 'blue' }] },
}

/** Opens a collection with the schema of an older version at one instance, and of a newer one at another. */
async function openBoth(older: typeof v1 = v1) {
  const t = open(defineCollection({ section: 'item', ttl: 'never', schema: older }))
  const fresh = t.cluster.open().collection(defineCollection({ section: 'item', ttl: 'never', schema: v2 }), {
    partition: 'eu',
  })
  await fresh.set('x', newer)
  return { ...t, newer: fresh, older: t.a, [Symbol.asyncDispose]: () => t[Symbol.asyncDispose]() }
}
type Both = Awaited<ReturnType<typeof openBoth>>

describe('a write with an older schema', () => {
  it.each<[string, (c: Both['older']) => Promise<unknown>, object]>([
    ['assign()', (c) => c.assign('x', { title: 'Desk' }), { ...newer, title: 'Desk' }],
    ['update()', (c) => c.update('x', (d) => void d.size.width++), { ...newer, size: { ...newer.size, width: 2 } }],
    [
      'patch()',
      (c) => c.patch('x', [{ op: 'replace', path: '/size/width', value: 2 }]),
      { ...newer, size: { ...newer.size, width: 2 } },
    ],
    ['unset()', (c) => c.unset('x', ['note']), { ...newer, note: undefined }],
    [
      'set()',
      (c) => c.set('x', { title: 'Desk', size: { width: 2, parts: [{ id: 'b' }] } }),
      { title: 'Desk', color: 'red', size: { width: 2, unit: 'cm', parts: [{ id: 'b' }] } },
    ],
  ])('keeps the members that it does not know: %s', async (_, write, document) => {
    await using t = await openBoth()
    await write(t.older)
    await t.cluster.settle()
    expect(await t.newer.get('x')).toEqual(document)
  })

  it('keeps them in set() of a document that is not cached, and in one that races another write', async () => {
    await using t = await openBoth()
    await Promise.all([
      t.older.set('x', { title: 'Desk', size: { width: 2, parts: [] } }),
      t.newer.assign('x', { color: 'green' }),
    ])
    await t.cluster.settle()
    expect(await t.newer.get('x')).toMatchObject({ title: 'Desk', color: 'green', size: { unit: 'cm' } })
  })

  it('keeps nothing of an earlier document after a delete', async () => {
    await using t = await openBoth()
    await t.newer.delete('x')
    await t.older.set('x', { title: 'Desk', size: { width: 2, parts: [] } })
    await t.cluster.settle()
    expect(await t.newer.get('x')).toEqual({ title: 'Desk', size: { width: 2, parts: [] } })
  })

  it('names the unknown member when the schema is strict', async () => {
    await using t = await openBoth(v1.strict() as unknown as typeof v1)
    await expect(t.older.assign('x', { title: 'Desk' })).rejects.toMatchObject({
      code: 'SYNC_REJECTED',
      message: expect.stringContaining('color'),
    })
  })

  it('removes an unknown member by set() when the schema passes it through, and so knows it', async () => {
    await using t = await openBoth(v1.loose() as unknown as typeof v1)
    await t.older.set('x', { title: 'Desk', size: { width: 2, parts: [] } })
    await t.cluster.settle()
    expect(await t.newer.get('x')).not.toHaveProperty('color')
  })
})

describe('a schema whose output differs from its input', () => {
  const valid = { list: [{ at: 'a' }], inner: { text: 'A' } }
  it.each<[string, z.ZodType<JsonObject>, string]>([
    ['a default', z.object({ extra: z.number().default(1) }), '/extra'],
    ['a nested transform', z.object({ inner: z.object({ text: z.string().toLowerCase() }) }), '/inner/text'],
    [
      'a transform in an array',
      z.object({ list: z.array(z.object({ at: z.string().transform((text) => text.length) })) }),
      '/list/0/at',
    ],
    ['a filtered array', z.object({ list: z.array(z.unknown()).transform(() => []) }), '/list'],
    ['a coerced date', z.object({ inner: z.object({}).transform(() => new Date(0)) }) as never, '/inner'],
    ['another type at the root', z.object({}).transform(() => 5) as never, 'the root'],
  ])('rejects the write with the path: %s', async (_, schema, path) => {
    await using t = open(defineCollection({ section: 'item', ttl: 'never', schema }))
    await expect(t.a.set('x', valid)).rejects.toMatchObject({
      code: 'SYNC_REJECTED',
      issues: [{ message: 'the schema changes this member', path: path === 'the root' ? '' : path }],
      message: expect.stringContaining(`got one that changes ${path}; `),
    })
  })

  it('accepts an optional member that the output names with the value undefined', async () => {
    const schema = z.object({ n: z.number(), note: z.string().optional() }).transform((d) => ({ ...d, note: d.note }))
    await using t = open(defineCollection({ section: 'item', ttl: 'never', schema: schema as never }))
    await t.a.set('x', { n: 1 } as never)
    expect(await t.a.get('x')).toEqual({ n: 1 })
  })
})
