/**
 * Undo steps of the latest commits. Simulates a server that lost the tail of its data.
 *
 * Every mutation records how to undo it, as part of the latest commit. A capacity of 0 records nothing.
 */
export class UndoLog {
  readonly #capacity: number
  /** Undo steps per commit, oldest commit first, in the order of the mutations. */
  readonly #commits: (() => void)[][] = []

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Whether steps are recorded. Callers check this first if the record itself is expensive. */
  get isEnabled(): boolean {
    return this.#capacity > 0
  }

  /** Begins a commit. Later records belong to it. */
  beginCommit(): void {
    if (this.#capacity === 0) return
    this.#commits.push([])
    if (this.#commits.length > this.#capacity) this.#commits.shift()
  }

  /** Records how to undo the next mutation. */
  record(undo: () => void): void {
    this.#commits.at(-1)?.push(undo)
  }

  /** Undoes the last `n` commits and all later mutations. Returns the number of undone commits. */
  undoLast(n: number): number {
    const taken = this.#commits.splice(Math.max(0, this.#commits.length - n))
    for (const steps of taken.toReversed()) for (const undo of steps.toReversed()) undo()
    return taken.length
  }
}
