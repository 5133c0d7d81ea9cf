import { describe, expect, it } from 'vitest'
import { bar, statusLines, statusText } from '../../src/report/status.ts'
import { sampleFigures } from './sample-figures.ts'

describe('statusLines()', () => {
  it('fits a terminal of 80 columns', () => {
    expect(statusLines(sampleFigures, 80)).toEqual([
      '████████████████░░░░░░░░░░░░░ 56 % 15,234 of 26,935   2,000 changes/s   6 s left',
      'propagation p50 0.41 ms   p95 1.1 ms   p99 12 ms',
      'patches 3.14 MB   documents 9.88 MB   68.2 % saved',
      'conflicts 0   gaps 12   repairs 12',
    ])
  })

  it('fits a terminal of 40 columns', () => {
    expect(statusLines(sampleFigures, 40)).toEqual([
      '██████████░░░░░░░░ 56 % 15,234 of 26,935',
      'propagation p50 0.41 ms   p95 1.1 ms',
      '  p99 12 ms',
      'patches 3.14 MB   documents 9.88 MB',
      '  68.2 % saved',
      'conflicts 0   gaps 12   repairs 12',
    ])
  })

  it('never exceeds the given width', () => {
    for (let width = 1; width <= 200; width++) {
      for (const line of statusLines(sampleFigures, width)) expect([...line].length).toBeLessThanOrEqual(width)
    }
  })

  it('shows the phase after the writes', () => {
    const [first] = statusLines({ ...sampleFigures, phase: 'catching up', written: 26_935 }, 80)
    expect(first).toBe(`${'█'.repeat(30)} 100 % 26,935 of 26,935   catching up`)
  })
})

describe('statusText()', () => {
  it('returns the status as one line', () => {
    expect(statusText(sampleFigures)).toBe(
      '56 % 15,234 of 26,935 · 2,000 changes/s · propagation p50 0.41 ms p95 1.1 ms p99 12 ms · ' +
        'patches 3.14 MB documents 9.88 MB 68.2 % saved · conflicts 0 gaps 12 repairs 12',
    )
  })
})

describe('bar()', () => {
  it('is full only when everything is done', () => {
    expect(bar(99, 100, 10)).toBe('█████████░')
    expect(bar(100, 100, 10)).toBe('██████████')
    expect(bar(0, 0, 4)).toBe('████')
  })
})
