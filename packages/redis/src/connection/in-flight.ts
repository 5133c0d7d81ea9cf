/** The calls without a reply so far. */
export class InFlight {
  readonly #calls = new Set<Promise<unknown>>()

  /** Tracks `call` until it settles, and returns it. */
  track<T>(call: Promise<T>): Promise<T> {
    const remove = (): boolean => this.#calls.delete(call)
    this.#calls.add(call)
    call.then(remove, remove)
    return call
  }

  /** Resolves when no calls are left, or after `timeout` ms. */
  async drained(timeout: number): Promise<void> {
    const deadline = new Promise((resolve) => setTimeout(resolve, timeout).unref())
    await Promise.race([Promise.allSettled(this.#calls), deadline])
  }
}
