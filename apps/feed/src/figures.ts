/** Figures of a run so far. */
export interface Figures {
  readonly phase: 'writing' | 'catching up' | 'comparing'
  /** Observations and removals written so far. */
  readonly written: number
  /** Observations and removals in the feed. */
  readonly total: number
  readonly elapsedMs: number
  /** Commits per second: recent rate while writing, average over the whole run in the summary. */
  readonly rate: number
  readonly commits: number
  readonly unchanged: number
  readonly conflicts: number
  readonly propagation: Propagation
  /** Size of the published changes, in UTF-16 units. */
  readonly changeUnits: number
  /** Size of the same documents if they had been sent whole, in UTF-16 units. */
  readonly documentUnits: number
  /** The sum over all replicas; so are the counters below. */
  readonly gaps: number
  readonly repairs: number
  readonly reloads: number
  readonly duplicates: number
  readonly reorders: number
}

/** Time from the store's commit until a replica applied the change, in ms. */
interface Propagation {
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

/** The subset of an instance's counters that is displayed. */
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

/** Sums the replicas' counters. Of the propagation times it takes the slowest replica's. */
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
