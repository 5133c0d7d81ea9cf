/** Calls that were not answered yet. */
export class InFlight {
  readonly #calls = new Set<Promise<unknown>>()

  /** Answers `call` itself. */
  track<T>(call: Promise<T>): Promise<T> {
    const remove = (): boolean => this.#calls.delete(call)
    this.#calls.add(call)
    call.then(remove, remove)
    return call
  }

  /** Resolves when there are none, after `timeout` ms at the latest. */
  async drained(timeout: number): Promise<void> {
    const deadline = new Promise((resolve) => setTimeout(resolve, timeout).unref())
    await Promise.race([Promise.allSettled(this.#calls), deadline])
  }
}
