import { describe, expect, it } from 'vitest'
import { audit, type Copy } from '../src/audit.ts'
import { canonicalJson } from '../src/canonical.ts'
import type { Document } from '../src/feed-file.ts'

const copy = (name: string, documents: Record<string, Document>): Copy => ({
  name,
  read: async (keys) => new Map(Object.entries(documents).filter(([key]) => keys.includes(key))),
})

const last = new Map<string, string | undefined>([
  ['a', canonicalJson({ x: 1, y: 'two' })],
  ['b', canonicalJson({ x: 3 })],
  ['gone', undefined],
])

describe('audit()', () => {
  it('finds no difference between equal documents with members in another order', async () => {
    const documents = { a: { y: 'two', x: 1 }, b: { x: 3 } }
    expect(await audit(last, [copy('store', documents), copy('replica 1', documents)])).toEqual({
      documents: 2,
      examples: [],
      differences: 0,
    })
  })

  it('finds changed, missing and added fields, and missing and surplus documents', async () => {
    const { examples, differences } = await audit(last, [
      copy('store', { a: { x: 2, y: 'two' }, b: { x: 3, z: null } }),
      copy('replica 1', { a: { x: 1 }, gone: { x: 9 } }),
    ])
    expect(differences).toBe(5)
    expect(examples).toEqual([
      { copy: 'store', key: 'a', field: 'x', expected: '1', found: '2' },
      { copy: 'store', key: 'b', field: 'z', expected: undefined, found: 'null' },
      { copy: 'replica 1', key: 'a', field: 'y', expected: '"two"', found: undefined },
      { copy: 'replica 1', key: 'b', expected: '{"x":3}', found: undefined },
      { copy: 'replica 1', key: 'gone', expected: undefined, found: '{"x":9}' },
    ])
  })

  it('counts all differences, and returns the first twenty', async () => {
    const many = new Map(Array.from({ length: 1_200 }, (_, i) => [`k${i}`, canonicalJson({ i })]))
    const { documents, examples, differences } = await audit(many, [copy('store', {})])
    expect([documents, examples.length, differences]).toEqual([1_200, 20, 1_200])
  })
})
