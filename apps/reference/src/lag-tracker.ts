interface Point {
  readonly at: number
  readonly sequence: number
}

const MAX_POINTS = 600

/** History of the writer's sequence. It determines how far, and for how long, a replica has been behind. */
export class LagTracker {
  #epoch = ''
  #points: Point[] = []

  /** Records the writer's sequence at a time in ms. Times must not decrease. */
  record(epoch: string, sequence: number, at: number): void {
    const last = this.#points.at(-1)?.sequence ?? -1
    if (epoch !== this.#epoch || sequence < last) this.#points = []
    this.#epoch = epoch
    if (this.#points.length === 0 || sequence > last) this.#points.push({ at, sequence })
    if (this.#points.length > MAX_POINTS) this.#points.shift()
  }

  /** Returns how many commits behind the writer an instance at `sequence` was at time `at`; 0 if the epochs differ. */
  commitsBehind(epoch: string, sequence: number, at: number): number {
    if (epoch !== this.#epoch) return 0
    const point = this.#points.findLast((each) => each.at <= at)
    return point ? Math.max(0, point.sequence - sequence) : 0
  }

  /** Returns for how long the instance had been behind, in ms; 0 if it was not. */
  msBehind(epoch: string, sequence: number, at: number): number {
    if (this.commitsBehind(epoch, sequence, at) === 0) return 0
    const next = this.#points.find((point) => point.sequence > sequence)
    return next ? Math.max(0, at - next.at) : 0
  }
}
