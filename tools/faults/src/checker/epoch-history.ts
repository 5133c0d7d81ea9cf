import type { Position } from '@sync/core'
import type { EpochChange } from '../workload/messages.ts'

/** The epoch changes that were reported, in any order, repeats among them. */
export type EpochHistory = readonly EpochChange[]

/** A place in the section's history, by epoch and sequence. */
export interface SectionPosition {
  readonly epoch: string
  readonly sequence: number
}

/** Reads a position. For judges only: to everybody else it is opaque. */
export function parsePosition(position: Position): SectionPosition {
  const dot = position.indexOf('.')
  return { epoch: position.slice(dot + 1), sequence: Number(position.slice(0, dot)) }
}

/** Was what happened at that place reported as lost? It was if a later epoch began below it. */
export function wasReportedLost(place: SectionPosition, history: EpochHistory): boolean {
  const seen = new Set<string>()
  let pending = [place.epoch]
  while (pending.length > 0) {
    const later = history.filter(({ from }) => pending.includes(from) && !seen.has(from))
    if (later.some(({ lost, fork = 0 }) => lost && place.sequence > fork)) return true
    for (const { from } of later) seen.add(from)
    pending = later.map(({ to }) => to)
  }
  return false
}
