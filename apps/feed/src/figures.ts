/** What a run has come to so far. */
export interface Figures {
  readonly phase: 'writing' | 'catching up' | 'comparing'
  /** Observations and removals written, of how many. */
  readonly written: number
  readonly total: number
  readonly elapsedMs: number
  /** Commits per second: just now while writing, over the whole run in the summary. */
  readonly rate: number
  readonly commits: number
  readonly unchanged: number
  readonly conflicts: number
  readonly propagation: Propagation
  /** UTF-16 units. */
  readonly changeUnits: number
  readonly documentUnits: number
  /** Over all replicas. */
  readonly gaps: number
  readonly repairs: number
  readonly reloads: number
  readonly duplicates: number
  readonly reorders: number
}

/** Milliseconds from the commit in the store to applied in a replica. */
interface Propagation {
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

/** What an instance counts, as far as it is shown. */
export interface InstanceStats {
  readonly commits: number
  readonly unchanged: number
  readonly conflicts: number
  readonly publishedBytes: number
  readonly gaps: number
  readonly repairs: number
  readonly reloads: number
  readonly duplicates: number
  readonly reorders: number
  readonly propagation: Propagation
}

/** Adds up the replicas' counters; of the propagation times the slowest replica's count. */
export function aggregateStats(
  writer: InstanceStats,
  replicas: readonly InstanceStats[],
): Omit<Figures, 'phase' | 'written' | 'total' | 'elapsedMs' | 'rate' | 'documentUnits'> {
  const sum = (name: 'gaps' | 'repairs' | 'reloads' | 'duplicates' | 'reorders'): number =>
    replicas.reduce((total, stats) => total + stats[name], 0)
  const slowest = (name: keyof Propagation): number => Math.max(0, ...replicas.map((stats) => stats.propagation[name]))
  return {
    commits: writer.commits,
    unchanged: writer.unchanged,
    conflicts: writer.conflicts,
    changeUnits: writer.publishedBytes,
    propagation: { p50: slowest('p50'), p95: slowest('p95'), p99: slowest('p99') },
    gaps: sum('gaps'),
    repairs: sum('repairs'),
    reloads: sum('reloads'),
    duplicates: sum('duplicates'),
    reorders: sum('reorders'),
  }
}
