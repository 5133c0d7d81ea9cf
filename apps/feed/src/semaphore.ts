/** Limits concurrency. Supports one pending call of `waitForSlot` or `waitUntilIdle` at a time. */
export interface Semaphore {
  /** Resolves when a slot is free, or when `signal` aborts. */
  waitForSlot(signal: AbortSignal): Promise<void>
  acquire(): void
  release(): void
  /** Resolves when no slot is in use, or when `signal` aborts. */
  waitUntilIdle(signal: AbortSignal): Promise<void>
}

export function createSemaphore(size: number): Semaphore {
  let used = 0
  let waiter: { readonly limit: number; readonly wake: () => void } | undefined

  const waitBelow = (limit: number, signal: AbortSignal): Promise<void> | undefined => {
    if (used < limit || signal.aborted) return undefined
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
      used++
    },
    release() {
      used--
      if (waiter !== undefined && used < waiter.limit) waiter.wake()
    },
    async waitUntilIdle(signal) {
      await waitBelow(1, signal)
    },
  }
}
