import { setImmediate, setTimeout } from 'node:timers/promises'

/** Spreads work over time. */
export interface Pacer {
  /** Resolves when the next piece of work is due. */
  turn(): Promise<void>
}

/** What pacing needs of time. */
export interface Clock {
  /** Milliseconds. */
  now(): number
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Lets everything else that is due run first. */
  breathe(): Promise<void>
}

const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => setTimeout(ms, undefined, signal && { signal }),
  breathe: () => setImmediate(),
}

/** Timers are no finer than this: work due sooner goes at once. */
const FINEST_MS = 2
const TURNS_PER_BREATH = 64

/**
 * Paces work at `rate` per second, or only so far that timers and signals still get their turn (`max`).
 *
 * Every turn is due at a time counted from the first one: what a late timer lost is made up, and nothing drifts.
 */
export function createPacer(
  rate: number | 'max',
  options: { readonly clock?: Clock; readonly signal?: AbortSignal } = {},
): Pacer {
  const { clock = systemClock, signal } = options
  let turns = 0
  let start: number | undefined
  return {
    async turn() {
      const turn = turns++
      if (turn % TURNS_PER_BREATH === TURNS_PER_BREATH - 1) await clock.breathe()
      if (rate === 'max') return
      start ??= clock.now()
      const ahead = start + (turn * 1_000) / rate - clock.now()
      if (ahead >= FINEST_MS) await clock.sleep(ahead, signal)
    },
  }
}
