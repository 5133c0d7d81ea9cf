import { describe, expect, it } from 'vitest'
import { median, quantile, spread } from '../src/statistics.ts'

describe('quantile()', () => {
  it('interpolates between values in any order', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(quantile([10, 0], 0.9)).toBe(9)
    expect(() => median([])).toThrow(RangeError)
  })
})

describe('spread()', () => {
  it('ignores the lowest and the highest tenth of the values', () => {
    expect(spread([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 100])).toBe(0)
    expect(spread(Array.from({ length: 11 }, (_, i) => 5 + i))).toBeCloseTo(0.8)
  })
})
