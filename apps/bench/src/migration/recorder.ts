import { quantile } from '../statistics.ts'

/** `during` lasts from the first restart until the last one has finished. */
export type Phase = 'before' | 'during' | 'after'

/** Records writes, changes and latencies while a fleet moves. */
export class Recorder {
  phase: Phase = 'before'
  /** Descriptions of everything that went wrong. */
  readonly problems: string[] = []
  readonly #latencies: Readonly<Record<Phase, number[]>> = { before: [], during: [], after: [] }
  #acknowledged = 0
  readonly #streams = new Map<string, Stream>()
  readonly #lastVersions = new Map<string, number>()

  /** Records an acknowledged increment, which became `version` of its document. */
  recordWrite(key: string, version: number): void {
    this.#acknowledged++
    this.#lastVersions.set(key, Math.max(version, this.#lastVersions.get(key) ?? 0))
  }

  /** Number of acknowledged increments. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Latest acknowledged version of each key so far. */
  get ends(): ReadonlyMap<string, number> {
    return new Map(this.#lastVersions)
  }

  /** Whether every stream has emitted these versions. */
  hasDelivered(ends: ReadonlyMap<string, number>): boolean {
    return [...this.#streams.values()].every(({ key, last }) => last >= (ends.get(key) ?? 0))
  }

  /** Records the time from the start of a write until another instance showed its change, in ms. */
  recordLatency(ms: number): void {
    this.#latencies[this.phase].push(ms)
  }

  /** Records a version of a document that an instance's stream emitted. */
  recordChange(instance: string, key: string, version: number): void {
    const name = `${instance} of ${key}`
    const stream = this.#streams.get(name) ?? { key, first: version, last: version - 1, delivered: 0 }
    this.#streams.set(name, stream)
    if (version <= stream.last) this.problems.push(`${name}: version ${version} was emitted after ${stream.last}`)
    stream.last = version
    stream.delivered++
  }

  /** Number of changes that the streams failed to emit, each counted from its stream's first change, across all restarts. */
  get lost(): number {
    return [...this.#streams.values()].reduce(
      (sum, { key, first, last, delivered }) => sum + (this.#lastVersions.get(key) ?? last) - first + 1 - delivered,
      0,
    )
  }

  /** Returns the 95th percentile of a phase's latencies, in ms. */
  p95(phase: Phase): number {
    return quantile(this.#latencies[phase], 0.95)
  }
}

interface Stream {
  readonly key: string
  readonly first: number
  last: number
  delivered: number
}
