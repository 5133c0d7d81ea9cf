import { describe, expect, it } from 'vitest'
import { type Figure, reportLine } from '../src/figure.ts'
import { createTable } from '../src/table.ts'

const figure = (name: string, goal?: Figure['goal']): Figure => ({
  name,
  unit: 'per s',
  measure: () => Promise.reject(new Error('not run')),
  ...(goal && { goal }),
})

describe('createTable()', () => {
  it('aligns the columns, and marks each goal as met or missed', () => {
    const figures = [figure('diff', { atLeast: 2 }), figure('a longer name'), figure('bytes', { atMost: 0.1 })] as const
    const table = createTable({ name: 'core', figures })
    const [diff, longer, bytes] = figures
    const row = (of: Figure, ours: number, baseline: number): string =>
      table.row(reportLine('core', of, { ours, baseline, ratio: ours / baseline, spread: 0.0412 }), of)
    expect([table.head, row(diff, 243_000, 87_000), row(longer, 5, 50), row(bytes, 121.4, 652)]).toEqual([
      'core                          ours     baseline        ratio       spread         goal',
      'diff [per s]               243,000       87,000         2.79        4.1 %          ≥ 2  met',
      'a longer name [per s]            5           50        0.100        4.1 %',
      'bytes [per s]                  121          652        0.186        4.1 %        ≤ 0.1  MISSED',
    ])
  })

  it('shows which value a goal applies to when it is not the ratio', () => {
    const figures = [
      figure('added', { atMost: 0.2, of: 'difference' }),
      figure('whole', { atMost: 9, of: 'ours' }),
    ] as const
    const table = createTable({ name: 'x', figures })
    const measured = { ours: 1.1, baseline: 1, ratio: 1.1, spread: 0 }
    expect(figures.map((each) => table.row(reportLine('x', each, measured), each).slice(65))).toEqual([
      '       ≤ +0.2  met',
      '     ours ≤ 9  met',
    ])
  })
})
