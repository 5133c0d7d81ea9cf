import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deepFreeze, type Json, type JsonObject } from '../../src/model/json.ts'
import { apply, diff, type Operation } from '../../src/patch/index.ts'
import { editedList, parsed, textBytes } from './documents.ts'

type Item = { readonly [name: string]: Json }
type Edit = (list: readonly Item[]) => Item[]

const item = (i: number): Item => ({
  title: `Item number ${i}`,
  price: i * 10,
  tags: ['new', i % 2 === 0 ? 'even' : 'odd'],
})
const other: Item = { title: 'Another', price: 5, tags: [] }

const labelled: readonly Item[] = Array.from({ length: 100 }, (_, i) => ({ id: `item-${i}`, ...item(i) }))
const unlabelled: readonly Item[] = Array.from({ length: 100 }, (_, i) => item(i))

const edited =
  (at: number, price = -1): Edit =>
  (list) =>
    list.with(at, { ...(list[at] as Item), price })

/** Edits with the number and kinds of operations that each takes. */
const edits: readonly [string, Edit, number, readonly Operation['op'][]][] = [
  ['an element inserted at the head', (list) => [other, ...list], 1, ['add']],
  ['an element inserted in the middle', (list) => list.toSpliced(50, 0, other), 1, ['add']],
  ['an element appended', (list) => [...list, other], 1, ['add']],
  ['the head removed', (list) => list.slice(1), 1, ['remove']],
  ['an element removed from the middle', (list) => list.toSpliced(50, 1), 1, ['remove']],
  ['one element changed inside', edited(50), 1, ['replace']],
  ['two elements changed inside, far apart', (list) => edited(3)(edited(97)(list)), 2, ['replace']],
  [
    'ten elements changed inside',
    (list) => list.map((each, i) => (i % 10 ? each : { ...each, price: -1 })),
    10,
    ['replace'],
  ],
  ['the oldest element dropped and a new one appended', (list) => [...list.slice(1), other], 2, ['remove', 'add']],
  ['an insertion before a changed element', (list) => edited(50)(list).toSpliced(50, 0, other), 2, ['add', 'replace']],
  ['a removal before a changed element', (list) => edited(51)(list).toSpliced(50, 1), 2, ['remove', 'replace']],
  ['the last element moved to the head', (list) => [list[99] as Item, ...list.slice(0, 99)], 1, ['move']],
  ['the head moved to the end', (list) => [...list.slice(1), list[0] as Item], 1, ['move']],
  ['two elements swapped', (list) => list.with(10, list[80] as Item).with(80, list[10] as Item), 2, ['move']],
]

describe.for([
  ['with labels', labelled],
  ['without labels', unlabelled],
] as const)('diff() of a list of 100 objects %s', ([, list]) => {
  describe.for([
    ['sharing elements', (value: readonly Item[]) => value],
    ['fresh from JSON.parse', (value: readonly Item[]) => parsed(value as Json) as readonly Item[]],
  ] as const)('%s', ([, targetAs]) => {
    it.for(edits)('handles %s', ([, edit, count, kinds]) => {
      const base = deepFreeze({ list })
      const target = { list: targetAs(edit(list)) }
      const patch = diff(base, target)
      expect(apply(base, patch)).toEqual(target)
      expect(patch).toHaveLength(count)
      expect(new Set(patch.map(({ op }) => op))).toEqual(new Set(kinds))
    })
  })

  it('returns fewer bytes than the list when most of it moves', () => {
    const orders = [list.toReversed(), list.toSorted((a, b) => String(a['title']).localeCompare(String(b['title'])))]
    for (const order of orders) {
      const patch = diff({ list }, { list: order })
      expect(apply({ list }, patch)).toEqual({ list: order })
      expect(textBytes(patch)).toBeLessThan(textBytes(order) * 0.9)
    }
  })
})

describe('diff() of lists', () => {
  it('returns a few bytes for an object inserted at the head of 100', () => {
    const list = Array.from({ length: 100 }, (_, i) => ({ id: i, name: `n${i}`, qty: i }))
    const patch = diff({ list }, { list: [{ id: 100, name: 'new', qty: 1 }, ...list] })
    expect(patch).toEqual([{ op: 'add', path: '/list/0', value: { id: 100, name: 'new', qty: 1 } }])
    expect(textBytes(patch)).toBeLessThan(77)
  })

  it('moves and changes an element that its id identifies', () => {
    const target = [{ ...labelled[60], price: -1 } as Item, ...labelled.toSpliced(60, 1)]
    expect(diff({ f: labelled }, { f: target })).toEqual([
      { op: 'move', from: '/f/60', path: '/f/0' },
      { op: 'replace', path: '/f/0/price', value: -1 },
    ])
  })

  it('pairs similar elements when they have no id', () => {
    const filler = 'a text too long to be worth sending again'
    const bid = (price: number, qty: number): Json => ({ price, qty, filler })
    const base = { bids: [bid(10, 1), bid(11, 2), bid(12, 3)] }
    const target = { bids: [bid(9, 7), bid(9.5, 7), bid(11, 5), bid(12, 3)] }
    const patch = diff(base, target)
    expect(apply(base, patch)).toEqual(target)
    expect(patch.map(({ op, path }) => `${op} ${path}`)).toContain('replace /bids/1/qty')
  })

  it('replaces a short list of numbers instead of editing it', () => {
    expect(diff({ f: [1, 2, 3, 4] }, { f: [4, 3, 2, 1] })).toEqual([{ op: 'replace', path: '/f', value: [4, 3, 2, 1] }])
  })

  it('edits a long list of repeating numbers in few operations', () => {
    const list = Array.from({ length: 500 }, (_, i) => i % 7)
    const target = list.toSpliced(400, 1).toSpliced(100, 0, 3)
    const patch = diff({ list }, { list: target })
    expect(apply({ list }, patch)).toEqual({ list: target })
    expect(patch).toHaveLength(2)
  })

  it('is correct after any few edits', () => {
    fc.assert(
      fc.property(editedList, fc.boolean(), ([list, target], fresh) => {
        const base = { list } as JsonObject
        expect(parsed(apply(base, diff(base, { list: fresh ? parsed(target) : target })))).toEqual(
          parsed({ list: target }),
        )
      }),
      { numRuns: 2000 },
    )
  })

  it('is correct for any order of distinct objects, including moves', () => {
    const order = fc.integer({ min: 0, max: 12 }).chain((n) =>
      fc.shuffledSubarray(
        Array.from({ length: n }, (_, i) => i),
        { minLength: 0 },
      ),
    )
    fc.assert(
      fc.property(order, fc.integer({ min: 0, max: 12 }), fc.boolean(), (numbers, length, same) => {
        const filler = 'so long that moving is cheaper than sending again'
        const element = (i: number): Json => (same ? { id: i, filler } : [i, filler])
        const base = { list: Array.from({ length }, (_, i) => element(i)) }
        const target = { list: numbers.map(element) }
        expect(apply(base, diff(base, target))).toEqual(target)
      }),
      { numRuns: 3000 },
    )
  })
})
