interface Count {
  readonly at: number
  readonly errors: number
  readonly operations: number
}

const WINDOW_MS = 30_000
const SAMPLE_INTERVAL_MS = 500

/** Share of failed operations over the last 30 s. */
export class ErrorRate {
  #counts: Count[] = []

  /** Records the totals since the start, and returns the error rate from 0 to 1. `now` is in ms. A decrease restarts the window. */
  read(errors: number, operations: number, now: number): number {
    const last = this.#counts.at(-1)
    if (last && (errors < last.errors || operations < last.operations)) this.#counts = []
    const first = this.#counts[0] ?? { at: now, errors, operations }
    if (this.#counts.length === 0 || now - (last?.at ?? 0) >= SAMPLE_INTERVAL_MS)
      this.#counts.push({ at: now, errors, operations })
    while (now - (this.#counts[0]?.at ?? now) > WINDOW_MS) this.#counts.shift()
    const failed = errors - first.errors
    const succeeded = operations - first.operations
    return failed === 0 ? 0 : failed / (failed + succeeded)
  }
}
