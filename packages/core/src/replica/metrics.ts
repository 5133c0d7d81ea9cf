const WINDOW_SIZE = 1024

/** Counters of an instance, shared by all its sections and read through `stats()`. */
export class Metrics {
  changes = 0
  commits = 0
  unchanged = 0
  attempts = 0
  conflicts = 0
  gaps = 0
  repairs = 0
  reloads = 0
  duplicates = 0
  reorders = 0
  rejectedFrames = 0
  receivedBytes = 0
  publishedBytes = 0
  propagationCount = 0
  readonly #propagationTimes = new Float64Array(WINDOW_SIZE)

  /** Records the time from a commit, by the store's clock, to its application here, in ms. */
  recordPropagation(ms: number): void {
    this.#propagationTimes[this.propagationCount++ % WINDOW_SIZE] = Math.max(0, ms)
  }

  /** Returns quantiles of the last propagation times, in ms. */
  quantiles(): { p50: number; p95: number; p99: number; count: number } {
    const window = this.#propagationTimes.slice(0, Math.min(this.propagationCount, WINDOW_SIZE)).sort()
    const at = (q: number): number => window[Math.min(window.length - 1, Math.floor(q * window.length))] ?? 0
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99), count: this.propagationCount }
  }
}
