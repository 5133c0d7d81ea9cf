import type { Runtime } from '@sync/core'

/** The clock of a process. Its wall clock can jump. No timer runs after the process has crashed. */
export interface ProcessClock extends Runtime {
  /**
   * Moves the wall clock by `ms` milliseconds, forwards or back. A jump forwards also advances the monotonic clock, as after a
   * suspension. Timers are not affected.
   */
  jump(ms: number): void
  /** Corrects the wall clock. */
  setRight(): void
  /** Stops all timers when the process crashes. */
  stop(): void
}

export function createProcessClock(common: Runtime): ProcessClock {
  let wallClockOffset = 0
  let forwardJumps = 0
  let stopped = false
  return {
    now: () => common.now() + wallClockOffset,
    elapsed: () => common.elapsed() + forwardJumps,
    schedule: (fn, ms) =>
      common.schedule(() => {
        if (!stopped) fn()
      }, ms),
    random: () => common.random(),
    id: () => common.id(),
    jump(ms) {
      wallClockOffset += ms
      forwardJumps += Math.max(0, ms)
    },
    setRight() {
      this.jump(-wallClockOffset)
    },
    stop() {
      stopped = true
    },
  }
}
