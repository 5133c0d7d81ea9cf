import type { Bench, Figure, ReportLine } from './figure.ts'

/** Formats a bench's results line by line. The first column is as wide as the longest name. */
export interface Table {
  readonly head: string
  row(line: ReportLine, figure: Figure): string
}

const NUMBER_WIDTH = 13
const COLUMNS = ['ours', 'baseline', 'ratio', 'spread', 'goal'] as const

export function createTable({ name, figures }: Bench): Table {
  const width = Math.max(name.length, ...figures.map((figure) => title(figure).length))
  const format = (first: string, cells: readonly string[]): string =>
    `${first.padEnd(width)}${cells.map((cell) => cell.padStart(NUMBER_WIDTH)).join('')}`
  return {
    head: format(name, COLUMNS),
    row(line, figure) {
      const cells = [number(line.ours), number(line.baseline), ratio(line.ratio), percent(line.spread), goal(figure)]
      return `${format(title(figure), cells)}  ${mark(line)}`.trimEnd()
    },
  }
}

const title = ({ name, unit }: Figure): string => `${name} [${unit}]`

function number(value: number): string {
  return value.toLocaleString('en-US', value < 100 ? { maximumFractionDigits: 2 } : { maximumFractionDigits: 0 })
}

const ratio = (value: number): string => value.toFixed(value < 1 ? 3 : 2)
const percent = (value: number): string => `${(value * 100).toFixed(1)} %`

function goal({ goal }: Figure): string {
  if (goal === undefined) return ''
  const { of = 'ratio' } = goal
  const threshold = 'atLeast' in goal ? `≥ ${goal.atLeast}` : `≤ ${goal.atMost}`
  return of === 'ratio' ? threshold : of === 'ours' ? `ours ${threshold}` : threshold.replace(' ', ' +')
}

function mark({ goal, met }: ReportLine): string {
  if (goal === null) return ''
  return met ? 'met' : 'MISSED'
}
