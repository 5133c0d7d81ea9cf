import {
  ArgumentError,
  compareVector,
  emptyVector,
  incrementVector,
  LimitError,
  mergeVector,
  parseVector,
  type VectorClock,
} from '@sync/core/versioning'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eachPair, nodeName, run, steps } from './history.ts'

const maxCount = Number.MAX_SAFE_INTEGER
/** Clocks as other programs may write them: unsorted, with zeros. Few nodes and counts, so that all four orders occur. */
const pairs = fc.uniqueArray(fc.tuple(nodeName, fc.nat({ max: 2 })), { selector: ([node]) => node, maxLength: 3 })
const vectors: fc.Arbitrary<VectorClock> = fc.oneof(pairs, pairs.map(parseVector))

const countOf = (clock: VectorClock, node: string): number => clock.find(([name]) => name === node)?.[1] ?? 0
const isUpTo = (a: VectorClock, b: VectorClock): boolean => ['before', 'equal'].includes(compareVector(a, b))

/** Creates a node whose entry counts its events, including arrivals. */
function createNode(node: string) {
  let clock = emptyVector
  return {
    tick: (): VectorClock => (clock = incrementVector(clock, node)),
    receive: (stamp: VectorClock): VectorClock => (clock = incrementVector(mergeVector(clock, stamp), node)),
  }
}

describe('compareVector()', () => {
  it('returns exactly the happened-before relation', () => {
    fc.assert(
      fc.property(steps, (steps) => {
        eachPair(run(steps, createNode), (a, b, order) => expect(compareVector(a, b)).toBe(order))
      }),
    )
  })

  it('compares every count', () => {
    fc.assert(
      fc.property(vectors, vectors, (a, b) => {
        const nodes = [...a, ...b].map(([node]) => node)
        const upTo = nodes.every((node) => countOf(a, node) <= countOf(b, node))
        const downTo = nodes.every((node) => countOf(a, node) >= countOf(b, node))
        const expected = upTo ? (downTo ? 'equal' : 'before') : downTo ? 'after' : 'concurrent'
        expect(compareVector(a, b)).toBe(expected)
      }),
    )
  })

  it('is a partial order: reflexive, antisymmetric, transitive', () => {
    const mirrored = { before: 'after', after: 'before', equal: 'equal', concurrent: 'concurrent' }
    fc.assert(
      fc.property(vectors, vectors, vectors, (a, b, c) => {
        expect(compareVector(a, a)).toBe('equal')
        expect(compareVector(b, a)).toBe(mirrored[compareVector(a, b)])
        expect(compareVector(a, b) === 'equal').toBe(JSON.stringify(parseVector(a)) === JSON.stringify(parseVector(b)))
        if (isUpTo(a, b) && isUpTo(b, c)) expect(isUpTo(a, c)).toBe(true)
        expect(isUpTo(emptyVector, a)).toBe(true)
      }),
    )
  })
})

describe('mergeVector()', () => {
  it('returns the least clock that includes both', () => {
    fc.assert(
      fc.property(vectors, vectors, vectors, (a, b, other) => {
        const merged = mergeVector(a, b)
        expect(isUpTo(a, merged) && isUpTo(b, merged)).toBe(true)
        if (isUpTo(a, other) && isUpTo(b, other)) expect(isUpTo(merged, other)).toBe(true)
        for (const [node, count] of merged) expect(count).toBe(Math.max(countOf(a, node), countOf(b, node)))
      }),
    )
  })

  it('is commutative, associative and idempotent, down to the text', () => {
    fc.assert(
      fc.property(vectors, vectors, vectors, (a, b, c) => {
        const text = (clock: VectorClock): string => JSON.stringify(clock)
        expect(text(mergeVector(a, b))).toBe(text(mergeVector(b, a)))
        expect(text(mergeVector(mergeVector(a, b), c))).toBe(text(mergeVector(a, mergeVector(b, c))))
        expect(text(mergeVector(a, a))).toBe(text(parseVector(a)))
        expect(text(mergeVector(a, emptyVector))).toBe(text(parseVector(a)))
      }),
    )
  })
})

describe('incrementVector()', () => {
  it('returns a later clock by one event of one node', () => {
    fc.assert(
      fc.property(vectors, nodeName, nodeName, (clock, node, other) => {
        const later = incrementVector(clock, node)
        expect(compareVector(clock, later)).toBe('before')
        expect(countOf(later, other) - countOf(clock, other)).toBe(node === other ? 1 : 0)
      }),
    )
  })
})

describe('vector clocks', () => {
  it('are sorted, without zeros, frozen and restorable from JSON, and arguments stay unchanged', () => {
    fc.assert(
      fc.property(vectors, vectors, nodeName, (a, b, node) => {
        const state = (): string => JSON.stringify([a, b, [a, ...a, b, ...b].map(Object.isFrozen)])
        const before = state()
        for (const clock of [mergeVector(a, b), incrementVector(a, node), parseVector(a)]) {
          expect(clock.map(([name]) => name)).toEqual(clock.map(([name]) => name).sort())
          expect(clock.every(([, count]) => count > 0)).toBe(true)
          expect([clock, ...clock].every(Object.isFrozen)).toBe(true)
          expect(parseVector(JSON.parse(JSON.stringify(clock)))).toEqual(clock)
        }
        expect(state()).toBe(before)
      }),
    )
  })
})

describe('parseVector()', () => {
  it.each([
    'null',
    '{}',
    '{"a":1}',
    '"a"',
    '[1]',
    '["a1"]',
    '[["a"]]',
    '[["a",1,2]]',
    '[["",1]]',
    '[[1,1]]',
    '[["a",-1]]',
    '[["a",0.5]]',
    '[["a","1"]]',
    '[["a",null]]',
    '[["a",{"toString":1}]]',
    '[["a",9007199254740992]]',
    '[["a",1],["a",2]]',
  ])('rejects %s', (json) => {
    expect(() => parseVector(JSON.parse(json))).toThrow(ArgumentError)
  })
})

describe('incrementVector()', () => {
  it('rejects an empty node name and counts beyond the largest exact number', () => {
    expect(() => incrementVector(emptyVector, '')).toThrow(ArgumentError)
    const full = incrementVector([['a', maxCount - 1]], 'a')
    expect(full).toEqual([['a', maxCount]])
    expect(() => incrementVector(full, 'a')).toThrow(LimitError)
  })
})
