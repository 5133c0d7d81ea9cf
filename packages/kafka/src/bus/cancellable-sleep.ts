/** Pauses that end at once when something is closed. */
export class CancellableSleeps {
  readonly #cancels = new Set<() => void>()
  #cancelled = false

  /** About `ms`, jittered, so that many clients do not come back in step. */
  sleep(ms: number): Promise<void> {
    if (this.#cancelled) return Promise.resolve()
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer)
        this.#cancels.delete(finish)
        resolve()
      }
      const timer = setTimeout(finish, ms * (0.5 + Math.random()))
      this.#cancels.add(finish)
    })
  }

  cancelAll(): void {
    this.#cancelled = true
    for (const finish of [...this.#cancels]) finish()
  }
}
