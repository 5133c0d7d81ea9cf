import type { LagTracker } from './lag-tracker.ts'
import { type ComparisonCounts, scoreOf } from './services/comparison.ts'
import type { Status } from './services/service.ts'

/** Latest status of one instance. */
export interface InstanceReading extends Status {
  readonly name: string
  /** Time of the report, in ms since 1970. */
  readonly at: number
  /** Result of the auditor's last comparison; `undefined` for the writer, and until the first comparison. */
  readonly comparison: ComparisonCounts | undefined
}

/** Figures of one instance on the page. */
export interface InstanceFigures {
  readonly name: string
  /** `behind`: the instance reports that it is live, but has not received commits for longer than propagation takes. */
  readonly state: Status['state'] | 'behind'
  /** Time since all replicas of this instance were last known to be current, in ms. */
  readonly lagMs: number
  /** The instance has every commit up to this sequence. */
  readonly sequence: number
  readonly documents: number
  readonly applied: number
  readonly gaps: number
  readonly repairs: number
  /** Number of commits that the writer has and this instance does not. */
  readonly behind: number
  /** Duration for which the instance has been behind the writer, in ms. */
  readonly behindMs: number
  /** Share of consistent documents, from 0 to 1; `undefined` if not compared yet. */
  readonly score: number | undefined
}

/** Figures of the whole system. Sizes are in UTF-16 units. */
export interface Totals {
  readonly commits: number
  readonly unchanged: number
  readonly conflicts: number
  /** Failures: failed writes, rejected frames and patches, failed publications, and documents found inconsistent. */
  readonly errors: number
  /** Number of commits and applied changes. */
  readonly operations: number
  readonly gaps: number
  readonly repairs: number
  readonly reloads: number
  readonly duplicates: number
  readonly reorders: number
  readonly patchUnits: number
  readonly documentUnits: number
  /** Propagation times of the slowest replica, in ms. */
  readonly propagation: { readonly p50: number; readonly p95: number; readonly p99: number }
  /** Consistency of the worst replica, from 0 to 1. */
  readonly score: number
}

const MAX_PROPAGATION_MS = 300

/** Returns one row of the instance table. `now` is in ms since 1970; the age of the report is added to `lagMs`. */
export const instanceFigures = (reading: InstanceReading, lagTracker: LagTracker, now: number): InstanceFigures => {
  const { name, state, staleForMs, epoch, sequence, stats, comparison, at } = reading
  const behindMs = lagTracker.msBehind(epoch, sequence, at)
  return {
    name,
    state: state === 'live' && behindMs > MAX_PROPAGATION_MS ? 'behind' : state,
    lagMs: staleForMs + Math.max(0, now - at),
    sequence,
    documents: stats.documents,
    applied: stats.changes,
    gaps: stats.gaps,
    repairs: stats.repairs,
    behind: lagTracker.commitsBehind(epoch, sequence, at),
    behindMs,
    score: comparison && scoreOf(comparison),
  }
}

/** Sums the counters of all instances. Times and scores come from the worst replica. */
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
    score: Math.min(1, ...replicas.map(({ comparison }) => (comparison ? scoreOf(comparison) : 1))),
  }
}
