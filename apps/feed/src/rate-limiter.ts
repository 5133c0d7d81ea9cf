import { setImmediate, setTimeout } from 'node:timers/promises'

/** Limits the rate of operations. */
export interface RateLimiter {
  /** Resolves when the next operation may begin. */
  acquire(): Promise<void>
}

/** Source of time for a rate limiter. */
export interface Clock {
  /** Milliseconds. */
  now(): number
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Lets all other pending callbacks run first. */
  yieldToEventLoop(): Promise<void>
}

const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => setTimeout(ms, undefined, signal && { signal }),
  yieldToEventLoop: () => setImmediate(),
}

/** Timers are not more precise than this, so shorter waits are skipped. */
const MIN_SLEEP_MS = 2
const ACQUIRES_PER_YIELD = 64

/**
 * Creates a limiter of `rate` operations per second. With `max` it only yields regularly, so that timers and signals are served.
 *
 * Every slot is computed from the first one: a late timer is compensated for, and the rate does not drift.
 */
export function createRateLimiter(
  rate: number | 'max',
  options: { readonly clock?: Clock; readonly signal?: AbortSignal } = {},
): RateLimiter {
  const { clock = systemClock, signal } = options
  let acquired = 0
  let start: number | undefined
  return {
    async acquire() {
      const slot = acquired++
      if (slot % ACQUIRES_PER_YIELD === ACQUIRES_PER_YIELD - 1) await clock.yieldToEventLoop()
      if (rate === 'max') return
      start ??= clock.now()
      const waitMs = start + (slot * 1_000) / rate - clock.now()
      if (waitMs >= MIN_SLEEP_MS) await clock.sleep(waitMs, signal)
    },
  }
}
