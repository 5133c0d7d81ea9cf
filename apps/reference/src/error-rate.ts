interface Count {
  readonly at: number
  readonly errors: number
  readonly operations: number
}

const WINDOW_MS = 30_000
const SAMPLE_INTERVAL_MS = 500

/** The share of what went wrong among all that was done, over the last half minute. */
export class ErrorRate {
  #counts: Count[] = []

  /** `errors` and `operations` count since the start; fewer than before: others count anew. `now` in ms. Answers 0 … 1. */
  read(errors: number, operations: number, now: number): number {
    const last = this.#counts.at(-1)
    if (last && (errors < last.errors || operations < last.operations)) this.#counts = []
    const first = this.#counts[0] ?? { at: now, errors, operations }
    if (this.#counts.length === 0 || now - (last?.at ?? 0) >= SAMPLE_INTERVAL_MS)
      this.#counts.push({ at: now, errors, operations })
    while (now - (this.#counts[0]?.at ?? now) > WINDOW_MS) this.#counts.shift()
    const failed = errors - first.errors
    const done = operations - first.operations
    return failed === 0 ? 0 : failed / (failed + done)
  }
}
