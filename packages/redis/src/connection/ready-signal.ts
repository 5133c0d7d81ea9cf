/** Promise for the next time a connection is up. */
export class ReadySignal {
  #pending = quietResolvers()

  /** Resolves when the connection is up; rejects when the current attempt fails. */
  get promise(): Promise<void> {
    return this.#pending.promise
  }

  resolve(): void {
    this.#pending.resolve()
  }

  /** Rejects the current promise. Later callers wait for the next attempt. */
  reject(error: Error): void {
    this.#pending.reject(error)
    this.#pending = quietResolvers()
  }
}

function quietResolvers(): PromiseWithResolvers<void> {
  const resolvers = Promise.withResolvers<void>()
  // without a waiting caller a rejection must not count as unhandled
  resolvers.promise.catch(() => {})
  return resolvers
}
