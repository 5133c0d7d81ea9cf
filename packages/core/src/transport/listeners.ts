/** Those who listen to an adapter: each is called, whatever another of them throws. */
export class Listeners<T> {
  readonly #listeners = new Set<(value: T) => void>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void = throwUncaught) {
    this.#onError = onError
  }

  /** Registers a listener; what is returned takes it out again. */
  add(listener: (value: T) => void): () => void {
    // each call is a registration of its own, also of a function that is registered already
    const registration = (value: T): void => listener(value)
    this.#listeners.add(registration)
    return () => this.#listeners.delete(registration)
  }

  get size(): number {
    return this.#listeners.size
  }

  /** Calls all who are registered, in the order in which they came. What one throws goes to `onError`. */
  emit(value: T): void {
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

/** Throws an error as an uncaught one, outside of every call: what `onError` does by default. */
export function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
