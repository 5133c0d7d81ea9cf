/** Calls that were not answered yet. */
export class Outstanding {
  readonly #calls = new Set<Promise<unknown>>()

  /** Answers `call` itself. */
  add<T>(call: Promise<T>): Promise<T> {
    const done = (): boolean => this.#calls.delete(call)
    this.#calls.add(call)
    call.then(done, done)
    return call
  }

  /** Resolves when there are none, after `timeout` ms at the latest. */
  async settled(timeout: number): Promise<void> {
    const late = new Promise((resolve) => setTimeout(resolve, timeout).unref())
    await Promise.race([Promise.allSettled(this.#calls), late])
  }
}
