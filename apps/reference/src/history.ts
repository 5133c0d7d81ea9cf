import type { Frame } from './frame.ts'

/** One point of the charts. */
export interface Point {
  /** Ms since 1970. */
  readonly at: number
  readonly rate: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

const MOST_POINTS = 1_200

/** The charts since the start, as far back as they reach: a page that opens late has them too. */
export class History {
  readonly #points: Point[] = []

  add({ at, rate, totals: { propagation } }: Pick<Frame, 'at' | 'rate' | 'totals'>): void {
    const { p50, p95, p99 } = propagation
    this.#points.push({ at, rate, p50, p95, p99 })
    if (this.#points.length > MOST_POINTS) this.#points.shift()
  }

  /** Oldest first. */
  get points(): readonly Point[] {
    return this.#points
  }
}
