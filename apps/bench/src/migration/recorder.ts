import { quantile } from '../statistics.ts'

/** `during`: from the first restart to the last one's end. */
export type Phase = 'before' | 'during' | 'after'

/** What is noted while a fleet moves. */
export class Recorder {
  phase: Phase = 'before'
  /** What should not be. */
  readonly problems: string[] = []
  readonly #latencies: Readonly<Record<Phase, number[]>> = { before: [], during: [], after: [] }
  #acknowledged = 0
  readonly #streams = new Map<string, Stream>()
  readonly #lastVersions = new Map<string, number>()

  /** An increment was acknowledged, as this version of its document. */
  recordWrite(key: string, version: number): void {
    this.#acknowledged++
    this.#lastVersions.set(key, Math.max(version, this.#lastVersions.get(key) ?? 0))
  }

  /** Increments that were acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** The last versions that were acknowledged until now, by key. */
  get ends(): ReadonlyMap<string, number> {
    return new Map(this.#lastVersions)
  }

  /** Has every stream told these versions? */
  hasDelivered(ends: ReadonlyMap<string, number>): boolean {
    return [...this.#streams.values()].every(({ key, last }) => last >= (ends.get(key) ?? 0))
  }

  /** A change was shown by another instance, so many ms after its write was begun. */
  recordLatency(ms: number): void {
    this.#latencies[this.phase].push(ms)
  }

  /** An instance's stream told of a version of a document. */
  told(instance: string, key: string, version: number): void {
    const name = `${instance} of ${key}`
    const stream = this.#streams.get(name) ?? { key, first: version, last: version - 1, delivered: 0 }
    this.#streams.set(name, stream)
    if (version <= stream.last) this.problems.push(`${name}: ${version} was told after ${stream.last}`)
    stream.last = version
    stream.delivered++
  }

  /** How many changes streams should have told, from the first that each told on, and did not, across all restarts. */
  get lost(): number {
    return [...this.#streams.values()].reduce(
      (sum, { key, first, last, delivered }) => sum + (this.#lastVersions.get(key) ?? last) - first + 1 - delivered,
      0,
    )
  }

  /** The 95th percentile of what changes took, in ms. */
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
