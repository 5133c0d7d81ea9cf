/** Those who want to be told something; none of them keeps the others, or the teller, from going on. */
export class Listeners<V> {
  readonly #all = new Set<(value: V) => void>()

  /** Each call is a registration of its own, also of a function that is registered already. The returned function ends it. */
  add(listener: (value: V) => void): () => void {
    const own = (value: V): void => listener(value)
    this.#all.add(own)
    return () => this.#all.delete(own)
  }

  tell(value: V): void {
    for (const listener of [...this.#all]) {
      try {
        listener(value)
      } catch (error) {
        // not here, in the midst of others' work: as any uncaught error
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  clear(): void {
    this.#all.clear()
  }
}
