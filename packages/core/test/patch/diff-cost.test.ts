import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/model/json.ts'
import { diff } from '../../src/patch/index.ts'

/** Counts the reads of members, elements and key lists while two lists are compared. */
function reads([base, target]: readonly [readonly Json[], readonly Json[]]): number {
  let count = 0
  const counted = (value: Json): Json => {
    if (typeof value !== 'object' || value === null) return value
    const inner = Array.isArray(value)
      ? value.map(counted)
      : Object.fromEntries(Object.entries(value).map(([name, each]) => [name, counted(each as Json)]))
    return new Proxy(inner as object, {
      get(target, key, receiver) {
        count++
        return Reflect.get(target, key, receiver) as unknown
      },
      ownKeys(target) {
        count++
        return Reflect.ownKeys(target)
      },
    }) as Json
  }
  const [a, b] = [{ list: counted(base as Json) }, { list: counted(target as Json) }]
  diff(a, b)
  return count
}

/** Returns the same pseudo-random numbers in every run (Numerical Recipes). */
function numbers(length: number): number[] {
  let state = 7
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state
  })
}

const big = (i: number, last: number): Json => ({ list: [1, 2, 3, 4, 5, 6, 7, 8], text: 'x', i: i % 2, last })

/** Lists of n elements on which a careless alignment takes n × n steps. */
const hard: readonly [string, (n: number) => [Json[], Json[]]][] = [
  ['one repeated number', (n) => [Array<Json>(n).fill(1), Array<Json>(n + 9).fill(1)]],
  ['two random numbers', (n) => [numbers(n).map((x) => x & 1024), numbers(2 * n).map((x) => x & 2048)]],
  [
    'two random objects',
    (n) => [numbers(n).map((x) => ({ x: x & 1024 })), numbers(2 * n).map((x) => ({ x: x & 2048 }))],
  ],
  ['a reversed list', (n) => [numbers(n), numbers(n).toReversed()]],
  [
    'shuffled objects',
    (n) => [
      numbers(n).map((x) => ({ x })),
      numbers(n)
        .toSorted()
        .map((x) => ({ x })),
    ],
  ],
  ['nothing in common', (n) => [numbers(n).map((x) => ({ x })), numbers(n).map((x) => ({ y: -x }))]],
  [
    'objects that differ in the last member only',
    (n) => [numbers(n).map((x, i) => big(i, x)), numbers(n + 1).map((x, i) => big(i, -x))],
  ],
  [
    'few ids for many elements',
    (n) => [numbers(n).map((x) => ({ id: x % 5, x })), numbers(n).map((x) => ({ id: x % 3, y: x }))],
  ],
  [
    'every other element removed',
    (n) => [numbers(n).map((x) => ({ x })), numbers(n).flatMap((x, i) => (i % 2 ? [{ x }] : []))],
  ],
  ['swapped halves', (n) => [numbers(n), [...numbers(n).slice(n / 2), ...numbers(n).slice(0, n / 2)]]],
]

describe('diff() cost', () => {
  it.for(hard)('grows no faster than the lists: %s', ([, lists]) => {
    const small = reads(lists(500))
    const large = reads(lists(4000))
    expect(large / small).toBeLessThan(8 * 1.3)
    expect(small).toBeGreaterThan(500)
  })

  it('is bounded for long lists whose alignment alone could take n × n steps', () => {
    const n = 100_000
    const objects = numbers(n).map((x) => ({ x }))
    expect(diff({ f: numbers(n).map((x) => x & 1024) }, { f: numbers(n).map((x) => x & 2048) })).toHaveLength(1)
    expect(diff({ f: objects }, { f: objects.toReversed() })).toHaveLength(1)
  })

  it('grows no faster than the depth', () => {
    const nested = (depth: number, n: Json): Json =>
      Array.from({ length: depth }).reduce<Json>((inner, _, i) => [i, inner, { i }], n)
    const cost = (depth: number): number => reads([[nested(depth, 1)], [nested(depth, 2)]])
    // every level of arrays may compare everything below it, but only down to a fixed depth
    expect(cost(240) / cost(120)).toBeLessThan(3)
  })
})
