import { describe, expect, it } from 'vitest'
import { type Copy, compareCopies, noComparisons, scoreOf } from '../../src/services/comparison.ts'
import { contentHash } from '../../src/services/content-hash.ts'

const copy = (version: number, value: unknown, changedAt = version): Copy => ({
  version,
  changedAt,
  content: contentHash(value),
})

describe('compareCopies()', () => {
  it('returns equal for equal content at the same version, regardless of member order', () => {
    expect(compareCopies(copy(2, { a: 1, b: 2 }), copy(2, { b: 2, a: 1 }))).toBe('equal')
    expect(compareCopies(undefined, undefined)).toBe('equal')
  })

  it('returns different for other content at the same version', () => {
    expect(compareCopies(copy(2, { a: 1 }), copy(2, { a: 2 }))).toBe('different')
  })

  it('returns moving for another version, and stale when it persists', () => {
    expect(compareCopies(copy(3, { a: 1 }), copy(2, { a: 2 }))).toBe('moving')
    expect(compareCopies(copy(3, { a: 1 }), copy(2, { a: 2 }), { stored: copy(3, { a: 1 }) })).toBe('stale')
    expect(compareCopies(copy(4, { a: 1 }), copy(3, { a: 2 }), { stored: copy(3, { a: 1 }) })).toBe('moving')
  })

  it('distinguishes two generations of one key', () => {
    expect(compareCopies(copy(1, { a: 1 }, 10), copy(1, { a: 2 }, 5))).toBe('moving')
    expect(compareCopies(undefined, copy(1, { a: 2 }), { stored: undefined })).toBe('stale')
  })
})

describe('scoreOf()', () => {
  it('returns the share of equal documents, without moving ones', () => {
    expect(scoreOf(noComparisons)).toBe(1)
    expect(scoreOf({ equal: 9, different: 0, stale: 1, moving: 90 })).toBe(0.9)
    expect(scoreOf({ equal: 0, different: 2, stale: 0, moving: 0 })).toBe(0)
  })
})
