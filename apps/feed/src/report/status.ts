import type { Figures } from '../figures.ts'
import { bytes, count, milliseconds, percent, savings } from './format.ts'

const MAX_BAR_WIDTH = 30
const MIN_BAR_WIDTH = 5
const GAP = '   '

/** Returns a progress bar: full blocks for the completed part, light blocks for the rest. */
export function bar(done: number, total: number, width: number): string {
  const full = total === 0 ? width : Math.floor((done / total) * width)
  return '█'.repeat(full) + '░'.repeat(width - full)
}

/** Returns the status as lines of at most `width` columns. Items that do not fit on a line continue on the next one. */
export function statusLines(figures: Figures, width: number): string[] {
  return [progress(figures, width), ...details(figures).flatMap((items) => wrapItems(items, width))].map((line) =>
    [...line].slice(0, width).join(''),
  )
}

/** Returns the status as one line, for a log. */
export function statusText(figures: Figures): string {
  return [position(figures), formatRate(figures), ...details(figures).map((items) => items.join(' '))].join(' · ')
}

function progress(figures: Figures, width: number): string {
  const texts = [position(figures), formatRate(figures), remainingTime(figures)].filter((text) => text !== '')
  // drops the bar first, then the remaining time, then the rate
  for (let textCount = texts.length; textCount > 0; textCount--) {
    const text = texts.slice(0, textCount).join(GAP)
    const barWidth = Math.min(MAX_BAR_WIDTH, width - text.length - 1)
    if (barWidth >= MIN_BAR_WIDTH) return `${bar(figures.written, figures.total, barWidth)} ${text}`
  }
  return position(figures)
}

function position({ written, total }: Figures): string {
  return `${percent(written, total)} ${count(written)} of ${count(total)}`
}

const formatRate = ({ phase, rate }: Figures): string => (phase === 'writing' ? `${count(rate)} changes/s` : phase)

function remainingTime({ phase, written, total, elapsedMs }: Figures): string {
  if (phase !== 'writing' || written === 0 || elapsedMs < 1_000) return ''
  return `${count((elapsedMs * (total - written)) / written / 1_000)} s left`
}

function details(figures: Figures): string[][] {
  const { p50, p95, p99 } = figures.propagation
  return [
    [`propagation p50 ${milliseconds(p50)}`, `p95 ${milliseconds(p95)}`, `p99 ${milliseconds(p99)}`],
    [
      `patches ${bytes(figures.changeUnits)}`,
      `documents ${bytes(figures.documentUnits)}`,
      savings(figures.changeUnits, figures.documentUnits),
    ],
    [`conflicts ${count(figures.conflicts)}`, `gaps ${count(figures.gaps)}`, `repairs ${count(figures.repairs)}`],
  ]
}

function wrapItems(items: readonly string[], width: number): string[] {
  const lines: string[] = []
  for (const item of items) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + GAP.length + item.length <= width) lines.push(`${lines.pop()}${GAP}${item}`)
    else lines.push(last === undefined ? item : `  ${item}`)
  }
  return lines
}
