/** Pauses that a close ends early. */
export class CancellableSleeps {
  readonly #cancels = new Set<() => void>()
  #cancelled = false

  /** Pauses for about `ms` milliseconds. The jitter keeps many clients from retrying in step. */
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

  /** Ends all pauses, and turns later ones into no-ops. */
  cancelAll(): void {
    this.#cancelled = true
    for (const finish of [...this.#cancels]) finish()
  }
}
