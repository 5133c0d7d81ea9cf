import { setImmediate, setTimeout } from 'node:timers/promises'

/** Spreads work over time. */
export interface RateLimiter {
  /** Resolves when the next piece of work is due. */
  acquire(): Promise<void>
}

/** What pacing needs of time. */
export interface Clock {
  /** Milliseconds. */
  now(): number
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Lets everything else that is due run first. */
  yieldToEventLoop(): Promise<void>
}

const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => setTimeout(ms, undefined, signal && { signal }),
  yieldToEventLoop: () => setImmediate(),
}

/** Timers are no finer than this: work due sooner goes at once. */
const MIN_SLEEP_MS = 2
const ACQUIRES_PER_YIELD = 64

/**
 * Paces work at `rate` per second, or only so far that timers and signals still get their turn (`max`).
 *
 * Every turn is due at a time counted from the first one: what a late timer lost is made up, and nothing drifts.
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
      const turn = acquired++
      if (turn % ACQUIRES_PER_YIELD === ACQUIRES_PER_YIELD - 1) await clock.yieldToEventLoop()
      if (rate === 'max') return
      start ??= clock.now()
      const ahead = start + (turn * 1_000) / rate - clock.now()
      if (ahead >= MIN_SLEEP_MS) await clock.sleep(ahead, signal)
    },
  }
}
