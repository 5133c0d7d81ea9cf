import { quantile } from '../statistics.ts'

/** `during`: from the first restart to the last one's end. */
export type Phase = 'before' | 'during' | 'after'

/** What is noted while a fleet moves. */
export class Notes {
  phase: Phase = 'before'
  /** What should not be. */
  readonly wrong: string[] = []
  readonly #took: Readonly<Record<Phase, number[]>> = { before: [], during: [], after: [] }
  #acknowledged = 0
  readonly #streams = new Map<string, Stream>()
  readonly #ends = new Map<string, number>()

  /** An increment was acknowledged, as this version of its document. */
  written(key: string, version: number): void {
    this.#acknowledged++
    this.#ends.set(key, Math.max(version, this.#ends.get(key) ?? 0))
  }

  /** Increments that were acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** The last versions that were acknowledged until now, by key. */
  get ends(): ReadonlyMap<string, number> {
    return new Map(this.#ends)
  }

  /** Has every stream told these versions? */
  reached(ends: ReadonlyMap<string, number>): boolean {
    return [...this.#streams.values()].every(({ key, last }) => last >= (ends.get(key) ?? 0))
  }

  /** A change was shown by another instance, so many ms after its write was begun. */
  shown(ms: number): void {
    this.#took[this.phase].push(ms)
  }

  /** An instance's stream told of a version of a document. */
  told(instance: string, key: string, version: number): void {
    const name = `${instance} of ${key}`
    const stream = this.#streams.get(name) ?? { key, first: version, last: version - 1, told: 0 }
    this.#streams.set(name, stream)
    if (version <= stream.last) this.wrong.push(`${name}: ${version} was told after ${stream.last}`)
    stream.last = version
    stream.told++
  }

  /** How many changes streams should have told, from the first that each told on, and did not, across all restarts. */
  get lost(): number {
    return [...this.#streams.values()].reduce(
      (sum, { key, first, last, told }) => sum + (this.#ends.get(key) ?? last) - first + 1 - told,
      0,
    )
  }

  /** The 95th percentile of what changes took, in ms. */
  p95(phase: Phase): number {
    return quantile(this.#took[phase], 0.95)
  }
}

interface Stream {
  readonly key: string
  readonly first: number
  last: number
  told: number
}
