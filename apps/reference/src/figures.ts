import type { LagTracker } from './lag-tracker.ts'
import { type ComparisonCounts, scoreOf } from './services/comparison.ts'
import type { Status } from './services/service.ts'

/** What is known of one instance at one moment. */
export interface InstanceReading extends Status {
  readonly name: string
  /** When it told so, ms since 1970. */
  readonly at: number
  /** The auditor's last look; `undefined`: there was none yet, or it is the writer. */
  readonly tally: ComparisonCounts | undefined
}

/** One instance on the page. */
export interface InstanceFigures {
  readonly name: string
  readonly state: Status['state']
  /** How long ago all that it holds was last known to be current, ms. */
  readonly lagMs: number
  /** Every commit up to this one it has seen. */
  readonly sequence: number
  readonly documents: number
  readonly applied: number
  readonly gaps: number
  readonly repairs: number
  /** Commits that the writer has and it has not. */
  readonly behind: number
  /** For how long there were any, ms. */
  readonly behindMs: number
  /** 0 … 1; `undefined`: not audited. */
  readonly score: number | undefined
}

/** The system as a whole. Sizes in UTF-16 units. */
export interface Totals {
  readonly commits: number
  readonly unchanged: number
  readonly conflicts: number
  /** What went wrong: writes, frames and patches refused, publications given up, documents found different. */
  readonly errors: number
  /** What was written or applied. */
  readonly operations: number
  readonly gaps: number
  readonly repairs: number
  readonly reloads: number
  readonly duplicates: number
  readonly reorders: number
  readonly patchUnits: number
  readonly documentUnits: number
  /** Of the slowest replica, ms. */
  readonly propagation: { readonly p50: number; readonly p95: number; readonly p99: number }
  /** Of the worst replica, 0 … 1. */
  readonly score: number
}

/** One line of the table of instances. `now` in ms since 1970: what an instance told counts from then. */
export const instanceFigures = (reading: InstanceReading, lagTracker: LagTracker, now: number): InstanceFigures => {
  const { name, state, staleForMs, epoch, sequence, stats, tally, at } = reading
  return {
    name,
    state,
    lagMs: staleForMs + Math.max(0, now - at),
    sequence,
    documents: stats.documents,
    applied: stats.changes,
    gaps: stats.gaps,
    repairs: stats.repairs,
    behind: lagTracker.commitsBehind(epoch, sequence, at),
    behindMs: lagTracker.msBehind(epoch, sequence, at),
    score: tally && scoreOf(tally),
  }
}

/** Adds up what all instances counted; of times and scores the worst replica's count. */
export function totalsOf(writer: InstanceReading, replicas: readonly InstanceReading[]): Totals {
  const all = [writer, ...replicas]
  const sum = (name: 'conflicts' | 'gaps' | 'repairs' | 'reloads' | 'duplicates' | 'reorders'): number =>
    all.reduce((total, { stats }) => total + stats[name], 0)
  const slowest = (name: 'p50' | 'p95' | 'p99'): number =>
    Math.max(0, ...replicas.map(({ stats }) => stats.propagation[name]))
  return {
    commits: writer.stats.commits,
    unchanged: writer.stats.unchanged,
    conflicts: sum('conflicts'),
    errors: all.reduce((total, { errors }) => total + errors, 0),
    operations: all.reduce((total, { stats }) => total + stats.commits + stats.changes, 0),
    gaps: sum('gaps'),
    repairs: sum('repairs'),
    reloads: sum('reloads'),
    duplicates: sum('duplicates'),
    reorders: sum('reorders'),
    patchUnits: writer.stats.publishedBytes,
    documentUnits: writer.documentUnits,
    propagation: { p50: slowest('p50'), p95: slowest('p95'), p99: slowest('p99') },
    score: Math.min(1, ...replicas.map(({ tally }) => (tally ? scoreOf(tally) : 1))),
  }
}
