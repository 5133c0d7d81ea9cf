import type { Position } from '@sync/core'
import type { EpochChange } from '../workload/messages.ts'

/** Reported epoch changes, in any order. Duplicates are allowed. */
export type EpochHistory = readonly EpochChange[]

/** Point in a section's history. */
export interface SectionPosition {
  readonly epoch: string
  readonly sequence: number
}

/** Decodes a position. Only the checker may do so; for all other code positions are opaque. */
export function parsePosition(position: Position): SectionPosition {
  const dot = position.indexOf('.')
  return { epoch: position.slice(dot + 1), sequence: Number(position.slice(0, dot)) }
}

/** Whether the commit at a position was reported as lost: a later epoch began below it. */
export function wasReportedLost(position: SectionPosition, history: EpochHistory): boolean {
  const seen = new Set<string>()
  let pending = [position.epoch]
  while (pending.length > 0) {
    const later = history.filter(({ from }) => pending.includes(from) && !seen.has(from))
    if (later.some(({ lost, fork = 0 }) => lost && position.sequence > fork)) return true
    for (const { from } of later) seen.add(from)
    pending = later.map(({ to }) => to)
  }
  return false
}
