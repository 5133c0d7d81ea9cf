/** What those wait for who need a connection to be up. */
export class Arrival {
  #next = unheard()

  /** Resolves when it is up; rejects when the attempt under way fails. */
  get promise(): Promise<void> {
    return this.#next.promise
  }

  arrived(): void {
    this.#next.resolve()
  }

  /** It is down, or stays so: who asks from now on waits for the next attempt. */
  failed(error: Error): void {
    this.#next.reject(error)
    this.#next = unheard()
  }
}

function unheard(): PromiseWithResolvers<void> {
  const next = Promise.withResolvers<void>()
  // nobody may be waiting for it
  next.promise.catch(() => {})
  return next
}
