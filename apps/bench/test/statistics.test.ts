import { expect, it } from 'vitest'
import { median, quantile, spread } from '../src/statistics.ts'

it('quantiles are interpolated, whatever the order of the values', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(quantile([10, 0], 0.9)).toBe(9)
  expect(() => median([])).toThrow(RangeError)
})

it('the spread leaves out the outermost tenths', () => {
  expect(spread([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 100])).toBe(0)
  expect(spread(Array.from({ length: 11 }, (_, i) => 5 + i))).toBeCloseTo(0.8)
})
