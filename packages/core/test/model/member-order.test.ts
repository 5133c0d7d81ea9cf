import type { Json } from '@sync/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hash64 } from '../../src/model/hash.ts'
import { freezeInOrder, inCanonicalOrder } from '../../src/model/member-order.ts'
import { apply, toJson } from '../../src/patch/index.ts'

const names = (value: unknown): string[] => Object.keys(value as object)

describe('toJson()', () => {
  it('orders members by array index and then by UTF-16 code units', () => {
    const value = toJson({ b: 1, é: 2, a: 3, B: 4, '': 5, '10': 6, '2': 7, '4294967295': 8, '01': 9 })
    expect(names(value)).toEqual(['2', '10', '', '01', '4294967295', 'B', 'a', 'b', 'é'])
  })

  it('keeps the identity of frozen JSON in canonical order', () => {
    const value = toJson({ z: [{ '10': 1, '9': 2, c: {} }], a: 1 })
    expect(toJson(value)).toBe(value)
  })

  it('orders a frozen value', () => {
    expect(JSON.stringify(toJson(Object.freeze({ b: 1, a: Object.freeze([Object.freeze({ d: 1, c: 2 })]) })))).toBe(
      '{"a":[{"c":2,"d":1}],"b":1}',
    )
  })
})

describe('freezeInOrder()', () => {
  it('equals toJson() and freezes every part, for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        // fast-check generates __proto__ among other names, which parsing keeps and `toJson` rejects
        fc.pre(!/"(?:__proto__|constructor|prototype|\\)/.test(JSON.stringify(value)))
        const parsed = freezeInOrder(JSON.parse(JSON.stringify(value)) as Json)
        expect(JSON.stringify(parsed)).toBe(JSON.stringify(toJson(JSON.parse(JSON.stringify(value)))))
        expect(toJson(parsed)).toBe(parsed)
      }),
    )
  })
})

describe('apply()', () => {
  it.each([
    ['adds a member', [{ op: 'add', path: '/b', value: 1 }], '{"a":{"x":1},"b":1,"c":{"p":{}}}'],
    [
      'adds members to a value that it copies',
      [
        { op: 'add', path: '/a/z', value: 1 },
        { op: 'add', path: '/a/k', value: { d: 1, c: 2 } },
        { op: 'copy', from: '/a', path: '/aa' },
      ],
      '{"a":{"k":{"c":2,"d":1},"x":1,"z":1},"aa":{"k":{"c":2,"d":1},"x":1,"z":1},"c":{"p":{}}}',
    ],
    [
      'moves a value to which it added a member',
      [
        { op: 'add', path: '/c/a', value: 1 },
        { op: 'remove', path: '/c/p' },
        { op: 'add', path: '/c/0', value: 1 },
        { op: 'add', path: '/c/A', value: 1 },
        { op: 'move', from: '/c', path: '/_' },
      ],
      '{"_":{"0":1,"A":1,"a":1},"a":{"x":1}}',
    ],
  ] as const)('keeps members in canonical order when it %s', (_, patch, text) => {
    expect(JSON.stringify(apply(toJson({ c: { p: {} }, a: { x: 1 } }), patch))).toBe(text)
  })
})

describe('inCanonicalOrder()', () => {
  it('returns an object in canonical order as it is', () => {
    for (const object of [{}, { a: 1 }, { a: 1, b: 2 }, { '2': 1, '10': 2, a: 3 }, { '': 1, a: 2 }])
      expect(inCanonicalOrder(object)).toBe(object)
    expect(names(inCanonicalOrder({ a: 1, '': 2 }))).toEqual(['', 'a'])
  })
})

describe('hash64()', () => {
  it('returns the published values of cyrb53', () => {
    const low53 = (text: string): number => Number(BigInt(`0x${hash64(text)}`) & (2n ** 53n - 1n))
    expect([low53('a'), low53('b'), low53('revenge'), low53('revenue')]).toEqual([
      7929297801672961, 8684336938537663, 4051478007546757, 8309097637345594,
    ])
  })
})
