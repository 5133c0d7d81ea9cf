import type { Runtime } from '../../src/model/runtime.ts'

/** A runtime that stands still until it is driven on; ids are `id1`, `id2`, …, randomness a fixed sequence. */
export interface ManualRuntime extends Runtime {
  /** Moves the time on by `ms`, running what falls due on the way, in order. */
  advance(ms: number): void
  /** How many timers wait. */
  readonly pending: number
}

export function createManualRuntime(start = 1_000): ManualRuntime {
  let now = start
  let ids = 0
  let state = 1
  const timers = new Set<{ readonly at: number; readonly fn: () => void }>()
  return {
    now: () => now,
    elapsed: () => now,
    schedule(fn, ms) {
      const timer = { at: now + ms, fn }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    // the minimal standard generator of Park and Miller
    random() {
      state = (state * 48_271) % 2_147_483_647
      return state / 2_147_483_647
    },
    id: () => `id${++ids}`,
    advance(ms) {
      const end = now + ms
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
        if (!next) break
        timers.delete(next)
        now = next.at
        next.fn()
      }
      now = end
    },
    get pending() {
      return timers.size
    },
  }
}
