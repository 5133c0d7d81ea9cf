import { describe, expect, it } from 'vitest'
import { type Goal, reportLine } from '../src/figure.ts'

const judge = (ratio: number, goal?: Goal): unknown => {
  const figure = { name: 'f', unit: 'u', measure: () => Promise.reject(new Error('not run')), ...(goal && { goal }) }
  const { goal: threshold, met } = reportLine('core', figure, { ours: ratio, baseline: 1, ratio, spread: 0 })
  return [threshold, met]
}

describe('reportLine()', () => {
  it('includes the threshold in the goal, and meets a missing goal', () => {
    expect(judge(2, { atLeast: 2 })).toEqual([2, true])
    expect(judge(1.99, { atLeast: 2 })).toEqual([2, false])
    expect(judge(0.2, { atMost: 0.2 })).toEqual([0.2, true])
    expect(judge(0.21, { atMost: 0.2 })).toEqual([0.2, false])
    expect(judge(7)).toEqual([null, true])
  })

  it('applies a goal to the difference or to our value alone when `of` selects them', () => {
    const met = (ours: number, baseline: number, goal: Goal): unknown => {
      const figure = { name: 'f', unit: 'u', goal, measure: () => Promise.reject(new Error('not run')) }
      return reportLine('core', figure, { ours, baseline, ratio: ours / baseline, spread: 0 }).met
    }
    expect(met(3.25, 3, { atMost: 0.25, of: 'difference' })).toBe(true)
    expect(met(3.5, 3, { atMost: 0.25, of: 'difference' })).toBe(false)
    expect(met(3, 1, { atMost: 3, of: 'ours' })).toBe(true)
    expect(met(3.1, 9, { atMost: 3, of: 'ours' })).toBe(false)
  })
})
