interface Point {
  readonly at: number
  readonly sequence: number
}

const MAX_POINTS = 600

/** Where the writer was when: tells for how long a replica has been behind it. */
export class LagTracker {
  #epoch = ''
  #points: Point[] = []

  /** The writer is at `sequence`. `at` in ms, not before the last call's. */
  record(epoch: string, sequence: number, at: number): void {
    const last = this.#points.at(-1)?.sequence ?? -1
    if (epoch !== this.#epoch || sequence < last) this.#points = []
    this.#epoch = epoch
    if (this.#points.length === 0 || sequence > last) this.#points.push({ at, sequence })
    if (this.#points.length > MAX_POINTS) this.#points.shift()
  }

  /** Commits that the writer had at `at`, and one that was at `sequence` then had not; none where they cannot be compared. */
  commitsBehind(epoch: string, sequence: number, at: number): number {
    if (epoch !== this.#epoch) return 0
    const then = this.#points.findLast((point) => point.at <= at)
    return then ? Math.max(0, then.sequence - sequence) : 0
  }

  /** For how long it had been behind, ms; 0: it was not. */
  msBehind(epoch: string, sequence: number, at: number): number {
    if (this.commitsBehind(epoch, sequence, at) === 0) return 0
    const next = this.#points.find((point) => point.sequence > sequence)
    return next ? Math.max(0, at - next.at) : 0
  }
}
