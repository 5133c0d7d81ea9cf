import type { DashboardFrame } from './dashboard-frame.ts'

/** One point of the charts. */
export interface Point {
  /** Ms since 1970. */
  readonly at: number
  readonly rate: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

const MAX_POINTS = 1_200

/** The charts since the start, coarser the longer ago that is: a page that opens late has them too. */
export class ChartHistory {
  #points: Point[] = []
  /** Of so many points one is kept. */
  #stride = 1
  #added = 0

  add({ at, rate, totals: { propagation } }: Pick<DashboardFrame, 'at' | 'rate' | 'totals'>): void {
    if (this.#added++ % this.#stride > 0) return
    const { p50, p95, p99 } = propagation
    this.#points.push({ at, rate, p50, p95, p99 })
    if (this.#points.length <= MAX_POINTS) return
    this.#points = this.#points.filter((_, index) => index % 2 === 0)
    this.#stride *= 2
    this.#added = 1
  }

  /** Oldest first. */
  get points(): readonly Point[] {
    return this.#points
  }
}
