import type { Runtime } from '@sync/core'

/** What a process knows of time: its wall clock may be set, and nothing runs any more once it has ended. */
export interface ProcessClock extends Runtime {
  /** Sets the wall clock forwards or back, in ms; timers keep their distance. */
  jump(ms: number): void
  /** The wall clock is right again. */
  setRight(): void
  /** The process ends. */
  stop(): void
}

export function createProcessClock(common: Runtime): ProcessClock {
  let ahead = 0
  let leftOut = 0
  let stopped = false
  return {
    now: () => common.now() + ahead,
    elapsed: () => common.elapsed() + leftOut,
    schedule: (fn, ms) =>
      common.schedule(() => {
        if (!stopped) fn()
      }, ms),
    random: () => common.random(),
    id: () => common.id(),
    jump(ms) {
      ahead += ms
      leftOut += Math.max(0, ms)
    },
    setRight() {
      this.jump(-ahead)
    },
    stop() {
      stopped = true
    },
  }
}
