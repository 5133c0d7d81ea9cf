/** Listeners of an adapter. Each one is called, even if another one throws. */
export class Listeners<T> {
  readonly #listeners = new Set<(value: T) => void>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void = throwUncaught) {
    this.#onError = onError
  }

  /** Registers a listener. Returns a function that removes it. */
  add(listener: (value: T) => void): () => void {
    // Each call creates its own registration, also for a function that is already registered.
    const registration = (value: T): void => listener(value)
    this.#listeners.add(registration)
    return () => this.#listeners.delete(registration)
  }

  get size(): number {
    return this.#listeners.size
  }

  /** Calls the listeners in the order of registration. Passes errors that they throw to `onError`. */
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

// Captured when the module is loaded, because fake timers of a test runner would hold the error back.
const { queueMicrotask } = globalThis

/** Rethrows an error as an uncaught exception, outside the current call. Default of `onError`. */
export function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
