/** What those wait for who need a connection to be up. */
export class ReadySignal {
  #pending = quietResolvers()

  /** Resolves when it is up; rejects when the attempt under way fails. */
  get promise(): Promise<void> {
    return this.#pending.promise
  }

  resolve(): void {
    this.#pending.resolve()
  }

  /** It is down, or stays so: who asks from now on waits for the next attempt. */
  reject(error: Error): void {
    this.#pending.reject(error)
    this.#pending = quietResolvers()
  }
}

function quietResolvers(): PromiseWithResolvers<void> {
  const resolvers = Promise.withResolvers<void>()
  // nobody may be waiting for it
  resolvers.promise.catch(() => {})
  return resolvers
}
