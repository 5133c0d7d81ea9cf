import { expect, it } from 'vitest'
import { type Goal, reportLine } from '../src/figure.ts'

const judged = (ratio: number, goal?: Goal): unknown => {
  const figure = { name: 'f', unit: 'u', measure: () => Promise.reject(new Error('not run')), ...(goal && { goal }) }
  const { goal: asked, met } = reportLine('core', figure, { ours: ratio, baseline: 1, ratio, spread: 0 })
  return [asked, met]
}

it('a goal is met from both sides, and none asks for nothing', () => {
  expect(judged(2, { atLeast: 2 })).toEqual([2, true])
  expect(judged(1.99, { atLeast: 2 })).toEqual([2, false])
  expect(judged(0.2, { atMost: 0.2 })).toEqual([0.2, true])
  expect(judged(0.21, { atMost: 0.2 })).toEqual([0.2, false])
  expect(judged(7)).toEqual([null, true])
})

it('a goal may be for the difference, or for ours alone', () => {
  const met = (ours: number, baseline: number, goal: Goal): unknown => {
    const figure = { name: 'f', unit: 'u', goal, measure: () => Promise.reject(new Error('not run')) }
    return reportLine('core', figure, { ours, baseline, ratio: ours / baseline, spread: 0 }).met
  }
  expect(met(3.25, 3, { atMost: 0.25, of: 'difference' })).toBe(true)
  expect(met(3.5, 3, { atMost: 0.25, of: 'difference' })).toBe(false)
  expect(met(3, 1, { atMost: 3, of: 'ours' })).toBe(true)
  expect(met(3.1, 9, { atMost: 3, of: 'ours' })).toBe(false)
})
