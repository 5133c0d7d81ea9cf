import type { Runtime } from '../../src/model/runtime.ts'

/** A runtime whose time advances only by `advance()`. Ids are `id1`, `id2`, …; random numbers are a fixed sequence. */
export interface ManualRuntime extends Runtime {
  /** Advances the time by `ms` and runs the timers that become due, in order. */
  advance(ms: number): void
  /** Number of pending timers. */
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
