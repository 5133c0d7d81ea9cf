import type { SyncStats } from '@sync/core'
import { scoreOf, type Tally } from './verdict.ts'

/** What is read of one instance at one moment. */
export interface Reading {
  readonly name: string
  readonly state: 'live' | 'catching-up' | 'stale' | 'closed'
  readonly staleForMs: number
  /** The position of the last change that its stream told. */
  readonly head: string | undefined
  readonly stats: SyncStats
  /** The auditor's last look; `undefined`: there was none yet, or it is the writer. */
  readonly tally: Tally | undefined
}

/** One instance on the page. */
export interface InstanceFigures {
  readonly name: string
  readonly state: Reading['state']
  /** How long ago all that it holds was last known to be current, ms. */
  readonly lagMs: number
  readonly head: string | undefined
  readonly documents: number
  readonly applied: number
  readonly gaps: number
  readonly repairs: number
  /** Of the auditor's sample: documents at another version than the store's. */
  readonly behind: number
  /** 0 … 1; `undefined`: not audited. */
  readonly score: number | undefined
}

/** The system as a whole. Sizes in UTF-16 units. */
export interface Totals {
  readonly commits: number
  readonly unchanged: number
  readonly conflicts: number
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

/** One line of the table of instances. */
export const instanceFigures = ({ name, state, staleForMs, head, stats, tally }: Reading): InstanceFigures => ({
  name,
  state,
  lagMs: staleForMs,
  head,
  documents: stats.documents,
  applied: stats.changes,
  gaps: stats.gaps,
  repairs: stats.repairs,
  behind: tally ? tally.moving + tally.stale : 0,
  score: tally && scoreOf(tally),
})

/** Adds up what all instances counted; of times and scores the worst replica's count. */
export function totalsOf(writer: Reading, replicas: readonly Reading[], documentUnits: number): Totals {
  const all = [writer, ...replicas]
  const sum = (name: 'conflicts' | 'gaps' | 'repairs' | 'reloads' | 'duplicates' | 'reorders'): number =>
    all.reduce((total, { stats }) => total + stats[name], 0)
  const slowest = (name: 'p50' | 'p95' | 'p99'): number =>
    Math.max(0, ...replicas.map(({ stats }) => stats.propagation[name]))
  return {
    commits: writer.stats.commits,
    unchanged: writer.stats.unchanged,
    conflicts: sum('conflicts'),
    gaps: sum('gaps'),
    repairs: sum('repairs'),
    reloads: sum('reloads'),
    duplicates: sum('duplicates'),
    reorders: sum('reorders'),
    patchUnits: writer.stats.publishedBytes,
    documentUnits,
    propagation: { p50: slowest('p50'), p95: slowest('p95'), p99: slowest('p99') },
    score: Math.min(1, ...replicas.map(({ tally }) => (tally ? scoreOf(tally) : 1))),
  }
}

/** What a person has to hear of now. */
export function alertsOf(totals: Totals, instances: readonly InstanceFigures[]): readonly string[] {
  const late = instances.filter(({ lagMs, state }) => state !== 'live' && lagMs > 5_000)
  return [
    ...(totals.propagation.p95 > 100 ? [`propagation p95 is ${totals.propagation.p95.toFixed(0)} ms (> 100 ms)`] : []),
    ...(totals.score < 0.999 ? [`consistency is ${(totals.score * 100).toFixed(1)} % (< 99.9 %)`] : []),
    ...late.map(({ name, lagMs }) => `${name} is ${(lagMs / 1_000).toFixed(0)} s behind (> 5 s)`),
  ]
}
