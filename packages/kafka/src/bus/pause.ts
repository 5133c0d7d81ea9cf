/** Pauses that end at once when something is closed. */
export class Pauses {
  readonly #ends = new Set<() => void>()
  #over = false

  /** About `ms`, jittered, so that many clients do not come back in step. */
  pause(ms: number): Promise<void> {
    if (this.#over) return Promise.resolve()
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#ends.delete(end)
        resolve()
      }
      const timer = setTimeout(end, ms * (0.5 + Math.random()))
      this.#ends.add(end)
    })
  }

  endAll(): void {
    this.#over = true
    for (const end of [...this.#ends]) end()
  }
}
