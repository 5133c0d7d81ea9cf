import type { Runtime } from '../model/runtime.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly fn: () => void
}

/** Runtime whose time advances only on request, and whose randomness is seeded. */
export interface VirtualRuntime extends Runtime {
  /** Advances the time by `ms` milliseconds. Runs the timers that are due, in order, including those they set. */
  advance(ms: number): Promise<void>
  /** Sets the wall clock forward or back by `ms`. Timers keep their remaining time. */
  jump(ms: number): void
}

/** Initial wall-clock time, in 2026. */
const DEFAULT_START = 1_775_000_000_000

/** Creates a virtual runtime. The same seed gives the same run. */
export function createVirtualRuntime(seed = 1): VirtualRuntime {
  let elapsed = 0
  let offset = DEFAULT_START
  let skippedMs = 0
  let order = 0
  let ids = 0
  let timers: Timer[] = []
  const random = seededRandom(seed)

  const nextTimer = (until: number): Timer | undefined => {
    let first: Timer | undefined
    for (const timer of timers) {
      if (timer.at > until) continue
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer
    }
    return first
  }

  return {
    now: () => offset + elapsed,
    elapsed: () => elapsed + skippedMs,
    schedule(fn, ms) {
      const timer = { at: elapsed + Math.max(0, ms), order: order++, fn }
      timers.push(timer)
      return () => {
        timers = timers.filter((each) => each !== timer)
      }
    },
    random,
    id: () => `${seed.toString(36)}-${(++ids).toString(36)}`,
    async advance(ms) {
      const until = elapsed + ms
      await drainMicrotasks()
      for (let timer = nextTimer(until); timer; timer = nextTimer(until)) {
        const due = timer
        timers = timers.filter((each) => each !== due)
        elapsed = Math.max(elapsed, due.at)
        due.fn()
        await drainMicrotasks()
      }
      elapsed = until
    },
    jump(ms) {
      offset += ms
      skippedMs += Math.max(0, ms)
    },
  }
}

/** Schedules the next turn of the event loop. Browsers have only timers, which wait a millisecond. */
const { setImmediate: nextTurn = (fn: () => void): unknown => setTimeout(fn, 0) } = globalThis as {
  setImmediate?: (fn: () => void) => unknown
}

/** Resolves after all pending microtasks, because the next turn begins after them. */
const drainMicrotasks = (): Promise<void> => new Promise((resolve) => nextTurn(resolve))

/** Mulberry32: small and fast; its quality is sufficient for drawing faults. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
