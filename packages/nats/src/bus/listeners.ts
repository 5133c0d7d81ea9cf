/** Calls every listener, whatever one of them throws. */
export class Listeners<T> {
  readonly #listeners = new Set<(value: T) => void>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  add(listener: (value: T) => void): () => void {
    // each call is a registration of its own, also of a function that is registered already
    const own = (value: T): void => listener(value)
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  get size(): number {
    return this.#listeners.size
  }

  tell(value: T): void {
    for (const listener of [...this.#listeners]) {
      if (!this.#listeners.has(listener)) continue
      try {
        listener(value)
      } catch (error) {
        this.#onError(error)
      }
    }
  }

  clear(): void {
    this.#listeners.clear()
  }
}

/** As any uncaught error: outside of every call. */
export function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
