import type { Runtime } from '@sync/core'

/** Returns a runtime whose clock is ahead by `ms`, and which is otherwise unchanged. */
export const withClockSkew = (runtime: Runtime, ms: number): Runtime =>
  ms === 0
    ? runtime
    : {
        now: () => runtime.now() + ms,
        elapsed: () => runtime.elapsed(),
        schedule: (fn, delay, purpose) => runtime.schedule(fn, delay, purpose),
        random: () => runtime.random(),
        id: () => runtime.id(),
      }
