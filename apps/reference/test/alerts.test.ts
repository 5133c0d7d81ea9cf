import { describe, expect, it } from 'vitest'
import { AlertHistory } from '../src/alerts.ts'
import { ChartHistory } from '../src/chart-history.ts'
import { ErrorRate } from '../src/error-rate.ts'

const alert = (rule: string) => ({ rule, text: 'now' })

describe('AlertHistory', () => {
  it('records when each alert was active', () => {
    const history = new AlertHistory()
    history.update([alert('a')], 1_000)
    history.update([alert('a'), alert('b')], 2_000)
    history.update([alert('b')], 3_000)
    history.update([alert('a'), alert('b')], 4_000)
    expect(history.past).toEqual([
      { rule: 'a', since: 1_000, until: 3_000 },
      { rule: 'b', since: 2_000 },
      { rule: 'a', since: 4_000 },
    ])
  })
})

describe('ErrorRate', () => {
  it('returns the share of errors in the last 30 s', () => {
    const rate = new ErrorRate()
    expect(rate.read(0, 0, 0)).toBe(0)
    expect(rate.read(1, 99, 1_000)).toBe(0.01)
    expect(rate.read(1, 999, 20_000)).toBe(0.001)
    rate.read(1, 2_000, 40_000)
    expect(rate.read(1, 3_000, 60_000)).toBe(0)
  })

  it('starts over when the totals decrease after a restart', () => {
    const rate = new ErrorRate()
    rate.read(0, 1_000, 0)
    rate.read(5, 2_000, 1_000)
    expect(rate.read(0, 10, 2_000)).toBe(0)
    expect(rate.read(1, 19, 3_000)).toBe(0.1)
  })
})

describe('ChartHistory', () => {
  it('keeps evenly spaced points back to the start', () => {
    const history = new ChartHistory()
    const totals = { propagation: { p50: 1, p95: 2, p99: 3 } }
    for (let at = 0; at < 10_000; at++) history.add({ at, rate: at, totals: totals as never, instances: [] })
    const times = history.points.map(({ at }) => at)
    expect(times[0]).toBe(0)
    expect(times.at(-1)).toBeGreaterThan(9_980)
    expect(times.length).toBeLessThanOrEqual(1_200)
    const steps = new Set(times.slice(1).map((at, index) => at - (times[index] as number)))
    expect(steps.size).toBe(1)
  })
})
