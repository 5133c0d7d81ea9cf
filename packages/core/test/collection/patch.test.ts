import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findChangedArray } from '../../src/patch/changed-array.ts'
import { lamp, open } from './open.ts'

describe('patch()', () => {
  it('applies the operations and publishes them as one change', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    const { version, changed } = await t.a.patch('x', [
      { op: 'test', path: '/price', value: 4 },
      { op: 'replace', path: '/price', value: 5 },
      { op: 'add', path: '/size/parts/1', value: 9 },
      { op: 'remove', path: '/title' },
    ])
    expect({ version, changed }).toEqual({ version: 2, changed: true })
    const { title: _, ...rest } = lamp
    expect(t.a.peek('x')).toEqual({ ...rest, price: 5, size: { width: 1, parts: [1, 9, 2, 3] } })
    await t.cluster.settle()
    expect(await t.b.get('x')).toEqual(t.a.peek('x'))
  })

  it('writes nothing when one operation fails', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    const ops = [
      { op: 'replace', path: '/price', value: 5 },
      { op: 'test', path: '/title', value: 'Chair' },
    ] as const
    await expect(t.a.patch('x', ops)).rejects.toMatchObject({ code: 'SYNC_PATCH', reason: 'test-failed', index: 1 })
    expect(t.a.peek('x')).toEqual(lamp)
  })

  it('rejects when the document does not exist', async () => {
    await using t = open()
    const ops = [{ op: 'add', path: '/price', value: 5 }] as const
    await expect(t.a.patch('x', ops)).rejects.toMatchObject({ code: 'SYNC_NOT_FOUND' })
  })

  it('rejects with the matching error code when the patch is invalid', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    const refused = async (ops: unknown, code: string): Promise<void> =>
      expect(t.a.patch('x', ops as never)).rejects.toMatchObject({ code })
    await refused('no', 'SYNC_ARGUMENT')
    await refused([null], 'SYNC_ARGUMENT')
    await refused([{ op: 'add' }], 'SYNC_ARGUMENT')
    await refused([{ op: 'move', path: '/a', from: 1 }], 'SYNC_ARGUMENT')
    await refused([{ op: 'add', path: '/a', value: Number.NaN }], 'SYNC_NOT_JSON')
    await refused([{ op: 'add', path: '/__proto__', value: 1 }], 'SYNC_PATCH')
    await refused([{ op: 'replace', path: '', value: 1 }], 'SYNC_ARGUMENT')
  })

  it('uses the operations as they were at the call', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    const ops = [{ op: 'add', path: '/note', value: 'a' as string }] as const
    const patching = t.a.patch('x', ops)
    Object.assign(ops[0], { value: 'b' })
    await patching
    expect(t.a.peek('x')?.note).toBe('a')
  })
})

describe('patch() after a concurrent write', () => {
  it('applies the operations to the newer document', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    await t.b.get('x')
    t.cluster.bus.drop(9)
    await t.a.assign('x', { price: 9 })
    await t.b.patch('x', [{ op: 'add', path: '/size/parts/0', value: 7 }])
    expect(t.b.peek('x')).toEqual({ ...lamp, price: 9, size: { width: 1, parts: [7, 1, 2, 3] } })
    expect(t.instances[1]?.stats().conflicts).toBe(1)
  })

  it('conflicts when an array on the path has changed', async () => {
    await using t = open()
    await t.a.create('x', lamp)
    await t.b.get('x')
    t.cluster.bus.drop(9)
    await t.a.update('x', (d) => void d.size.parts.unshift(0))
    const patching = t.b.patch('x', [{ op: 'replace', path: '/size/parts/0', value: 7 }])
    await expect(patching).rejects.toMatchObject({
      code: 'SYNC_CONFLICT',
      committed: 'no',
      message: expect.stringContaining('the array at /size/parts as it was read'),
    })
    await t.cluster.settle()
    expect(t.b.peek('x')?.size.parts).toEqual([0, 1, 2, 3])
  })
})

describe('findChangedArray()', () => {
  const before = { a: [{ b: [1] }, { b: [2] }], o: { c: 1 } }
  it.each([
    ['nothing when the array is unchanged', { ...before, o: { c: 2 } }, '/a/0/b/0', undefined],
    ['nothing when the array is not on the path', { ...before, a: [] }, '/o/c', undefined],
    ['the array when a value inside it has changed', { ...before, a: [{ b: [1] }, { b: [3] }] }, '/a/0/b/0', '/a'],
    ['the array when the path ends at "-"', { ...before, a: [{ b: [1] }] }, '/a/-', '/a'],
    ['the array when it no longer exists', { o: before.o }, '/a/0/b/0', '/a'],
    ['the array when it was an object before', { ...before, o: [1] }, '/o/c', '/o'],
    ['nothing when the path ends at the array', { ...before, a: [] }, '/a', undefined],
  ])('returns %s', (_, after, path, changed) => {
    expect(findChangedArray([{ op: 'remove', path }], before, after)).toBe(changed)
    expect(findChangedArray([{ op: 'move', path: '/o', from: path }], before, after)).toBe(changed)
  })

  it('returns nothing when the documents are equal', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(fc.string()), (json, names) => {
        const path = names.map((name) => `/${name.replaceAll(/[~/\\]|__proto__|constructor|prototype/g, '_')}`).join('')
        const copy = JSON.parse(JSON.stringify(json))
        expect(findChangedArray([{ op: 'remove', path }], JSON.parse(JSON.stringify(json)), copy)).toBe(undefined)
      }),
    )
  })
})
