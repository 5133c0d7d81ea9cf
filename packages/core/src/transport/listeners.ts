import { isThenable } from '../model/assert.ts'

/** Listeners of an adapter. Each one is called, even if another one throws. */
export class Listeners<T> {
  readonly #listeners = new Set<(value: T) => unknown>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void = throwUncaught) {
    this.#onError = onError
  }

  /** Registers a listener. Returns a function that removes it. */
  add(listener: (value: T) => void): () => void {
    // Each call creates its own registration, also for a function that is already registered.
    const registration = (value: T): unknown => listener(value)
    this.#listeners.add(registration)
    return () => this.#listeners.delete(registration)
  }

  get size(): number {
    return this.#listeners.size
  }

  /** Calls the listeners in the order of registration. Passes errors that they throw, or reject with, to `onError`. */
  emit(value: T): void {
    for (const listener of [...this.#listeners]) {
      if (!this.#listeners.has(listener)) continue
      callListener(listener, value, this.#onError)
    }
  }

  clear(): void {
    this.#listeners.clear()
  }
}

/** Calls a listener without awaiting it. Passes an error that it throws, or rejects with, to `onError`. */
export function callListener<T>(listener: (value: T) => unknown, value: T, onError: (error: unknown) => void): void {
  try {
    const returned = listener(value)
    if (isThenable(returned)) returned.then(undefined, onError)
  } catch (error) {
    onError(error)
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
