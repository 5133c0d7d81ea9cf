/** Bounds how much goes on at once. For one caller of `room` and `empty` at a time. */
export interface Window {
  /** Waits until there is room, or `signal` aborts. */
  room(signal: AbortSignal): Promise<void>
  enter(): void
  leave(): void
  /** Waits until nothing is inside, or `signal` aborts. */
  empty(signal: AbortSignal): Promise<void>
}

export function createWindow(size: number): Window {
  let inside = 0
  let waiting: { readonly bound: number; readonly done: () => void } | undefined

  const below = (bound: number, signal: AbortSignal): Promise<void> | undefined => {
    if (inside < bound || signal.aborted) return undefined
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done)
        waiting = undefined
        resolve()
      }
      signal.addEventListener('abort', done)
      waiting = { bound, done }
    })
  }

  return {
    async room(signal) {
      await below(size, signal)
    },
    enter() {
      inside++
    },
    leave() {
      inside--
      if (waiting !== undefined && inside < waiting.bound) waiting.done()
    },
    async empty(signal) {
      await below(1, signal)
    },
  }
}
