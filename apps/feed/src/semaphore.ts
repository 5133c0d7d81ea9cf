/** Bounds how much goes on at once. For one caller of `room` and `empty` at a time. */
export interface Semaphore {
  /** Waits until there is room, or `signal` aborts. */
  waitForSlot(signal: AbortSignal): Promise<void>
  acquire(): void
  release(): void
  /** Waits until nothing is inside, or `signal` aborts. */
  waitUntilIdle(signal: AbortSignal): Promise<void>
}

export function createSemaphore(size: number): Semaphore {
  let held = 0
  let waiter: { readonly limit: number; readonly wake: () => void } | undefined

  const waitBelow = (limit: number, signal: AbortSignal): Promise<void> | undefined => {
    if (held < limit || signal.aborted) return undefined
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake)
        waiter = undefined
        resolve()
      }
      signal.addEventListener('abort', wake)
      waiter = { limit, wake }
    })
  }

  return {
    async waitForSlot(signal) {
      await waitBelow(size, signal)
    },
    acquire() {
      held++
    },
    release() {
      held--
      if (waiter !== undefined && held < waiter.limit) waiter.wake()
    },
    async waitUntilIdle(signal) {
      await waitBelow(1, signal)
    },
  }
}
