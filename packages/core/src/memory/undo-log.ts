/**
 * How to take back the last commits: what a server that lost the tail of its data has become.
 *
 * Whatever changes the data notes how to undo it; what is noted belongs to the commit before it. A capacity of 0 notes nothing.
 */
export class UndoLog {
  readonly #capacity: number
  /** Per commit, oldest first: its undo steps, in the order in which they were done. */
  readonly #commits: (() => void)[][] = []

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Is anything noted at all? To be asked first where making the note costs something. */
  get isEnabled(): boolean {
    return this.#capacity > 0
  }

  /** A commit begins: what is noted from here on goes with it. */
  beginCommit(): void {
    if (this.#capacity === 0) return
    this.#commits.push([])
    if (this.#commits.length > this.#capacity) this.#commits.shift()
  }

  /** Notes how to undo what is about to be done. */
  record(undo: () => void): void {
    this.#commits.at(-1)?.push(undo)
  }

  /** Undoes the last `n` commits and all that was done since; tells how many there were to undo. */
  undoLast(n: number): number {
    const taken = this.#commits.splice(Math.max(0, this.#commits.length - n))
    for (const steps of taken.toReversed()) for (const undo of steps.toReversed()) undo()
    return taken.length
  }
}
