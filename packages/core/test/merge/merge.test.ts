import { lww, max, min, sum, union } from '@sync/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const ids = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'))

test('lww keeps what is written, max and min the greater and the lesser', () => {
  expect(lww({ base: 1, local: 2, remote: 3 })).toBe(2)
  expect(max({ base: 1, local: 2, remote: 3 })).toBe(3)
  expect(min({ base: 1, local: 2, remote: 3 })).toBe(2)
  expect(max({ base: 'a', local: 'c', remote: 'b' })).toBe('c')
})

test('sum counts both differences, in either order', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer(), fc.integer(), (base, a, b) => {
      const ab = sum({ base, local: base + b, remote: base + a })
      expect(ab).toBe(base + a + b)
      expect(sum({ base, local: base + a, remote: base + b })).toBe(ab)
    }),
  )
})

test('union has what either added and lacks what either removed, in either order', () => {
  fc.assert(
    fc.property(ids, ids, ids, (base, local, remote) => {
      const merged = union()({ base, local, remote })
      const expected = (['a', 'b', 'c', 'd', 'e'] as const).filter((id) => {
        const [was, here, there] = [base.includes(id), local.includes(id), remote.includes(id)]
        return was ? here && there : here || there
      })
      expect([...merged].sort()).toEqual(expected)
      expect([...union()({ base, local: remote, remote: local })].sort()).toEqual(expected)
    }),
  )
})

test('union by a member keeps what the other changed, and one own change over it', () => {
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

test('union without a common beginning has all of both', () => {
  expect(union()({ base: undefined, local: ['b', 'c'], remote: ['a', 'b'] })).toEqual(['a', 'b', 'c'])
})
