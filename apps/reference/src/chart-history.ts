import type { DashboardFrame } from './dashboard-frame.ts'

/** One point of the charts. */
export interface Point {
  /** Time in ms since 1970. */
  readonly at: number
  readonly rate: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  /** Commits that the replica furthest behind has not received. */
  readonly behind: number
}

const MAX_POINTS = 1_200

/** Chart points since the start, thinned out as they grow, so that a page that opens late can show them too. */
export class ChartHistory {
  #points: Point[] = []
  /** Of this many added points, one is kept. */
  #stride = 1
  #added = 0

  add({
    at,
    rate,
    totals: { propagation },
    instances,
  }: Pick<DashboardFrame, 'at' | 'rate' | 'totals' | 'instances'>): void {
    if (this.#added++ % this.#stride > 0) return
    const { p50, p95, p99 } = propagation
    this.#points.push({ at, rate, p50, p95, p99, behind: Math.max(0, ...instances.map((each) => each.behind)) })
    if (this.#points.length <= MAX_POINTS) return
    this.#points = this.#points.filter((_, index) => index % 2 === 0)
    this.#stride *= 2
    this.#added = 1
  }

  /** All points, oldest first. */
  get points(): readonly Point[] {
    return this.#points
  }
}
