import { lww, max, min, sum, union } from '@sync/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const ids = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'))

describe('lww, max and min', () => {
  it('keep the written, the greater and the lesser value', () => {
    expect(lww({ base: 1, local: 2, remote: 3 })).toBe(2)
    expect(max({ base: 1, local: 2, remote: 3 })).toBe(3)
    expect(min({ base: 1, local: 2, remote: 3 })).toBe(2)
    expect(max({ base: 'a', local: 'c', remote: 'b' })).toBe('c')
  })
})

describe('sum', () => {
  it('adds both differences, in either order', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), fc.integer(), (base, a, b) => {
        const ab = sum({ base, local: base + b, remote: base + a })
        expect(ab).toBe(base + a + b)
        expect(sum({ base, local: base + a, remote: base + b })).toBe(ab)
      }),
    )
  })
})

describe('union()', () => {
  it('contains what either side added and lacks what either removed, in either order', () => {
    fc.assert(
      fc.property(ids, ids, ids, (base, local, remote) => {
        const merged = union()({ base, local, remote })
        const expected = (['a', 'b', 'c', 'd', 'e'] as const).filter((id) => {
          const [inBase, inLocal, inRemote] = [base.includes(id), local.includes(id), remote.includes(id)]
          return inBase ? inLocal && inRemote : inLocal || inRemote
        })
        expect([...merged].sort()).toEqual(expected)
        expect([...union()({ base, local: remote, remote: local })].sort()).toEqual(expected)
      }),
    )
  })

  it("keeps the other side's changes by member, and the local change when both changed one", () => {
    const by = union('id')
    type Element = { id: string; n: number }
    const base: Element[] = [
      { id: 'a', n: 0 },
      { id: 'b', n: 0 },
      { id: 'c', n: 0 },
    ]
    const local = [base[0], { id: 'b', n: 1 }, base[2]] as Element[]
    const remote = [
      { id: 'a', n: 2 },
      { id: 'b', n: 2 },
    ] as Element[]
    expect(by({ base, local, remote })).toEqual([
      { id: 'a', n: 2 },
      { id: 'b', n: 1 },
    ])
  })

  it('keeps repeated elements as often as either side added or removed them', () => {
    expect(union()({ base: ['a'], local: ['a', 'a'], remote: ['a', 'b'] })).toEqual(['a', 'b', 'a'])
    expect(union()({ base: ['a', 'a'], local: ['a'], remote: ['a', 'a', 'b'] })).toEqual(['a', 'b'])
    expect(union()({ base: ['a', 'a'], local: ['a', 'a', 'a'], remote: ['a'] })).toEqual(['a', 'a'])
    const repeated = [{ id: 'a' }, { id: 'a' }]
    expect(union('id')({ base: [], local: repeated, remote: [{ id: 'b' }] })).toEqual([{ id: 'b' }, ...repeated])
  })

  it('contains everything of both sides when there is no common base', () => {
    expect(union()({ base: undefined, local: ['b', 'c'], remote: ['a', 'b'] })).toEqual(['a', 'b', 'c'])
  })
})
