import type { VirtualRuntime } from '@sync/core/testing'

/** Clock of a rule: the machine's, or a virtual one that advances automatically and as fast as possible. */
export interface Clock {
  now(): number
  /** Calls `fn` after `ms`. Returns a function that cancels the call. */
  schedule(ms: number, fn: () => void): () => void
  /** Resolves when a condition should be polled again; the pause grows with the number of polls so far. */
  pause(polls: number): Promise<void>
  /** Stops the clock and its timers. */
  stop(): Promise<void>
}

/** Creates the clock of a harness. */
export const createClock = (time: VirtualRuntime | undefined): Clock =>
  time ? createVirtualClock(time) : createMachineClock()

/** Number of polls at consecutive turns of the event loop. Later polls follow after growing pauses. */
const QUICK_POLLS = 5
/** Maximum pause between two polls, in ms. */
const MAX_PAUSE_MS = 10
/** Any interval below the maximum delay of a timer. */
const KEEP_ALIVE_MS = 3_600_000

/**
 * Creates a clock on the machine's time. Its timers are unreferenced, so that rules about leaks see only an adapter's timers;
 * one interval keeps the process alive.
 */
function createMachineClock(): Clock {
  const timers = new Set<NodeJS.Timeout>()
  const alive = setInterval(() => {}, KEEP_ALIVE_MS)
  const schedule = (ms: number, fn: () => void): (() => void) => {
    const own = setTimeout(() => {
      timers.delete(own)
      fn()
    }, ms)
    own.unref()
    timers.add(own)
    return () => {
      timers.delete(own)
      clearTimeout(own)
    }
  }
  return {
    now: () => performance.now(),
    schedule,
    pause: (polls) =>
      new Promise((resolve) => {
        if (polls < QUICK_POLLS) setImmediate(resolve)
        else schedule(Math.min(polls - QUICK_POLLS + 1, MAX_PAUSE_MS), resolve)
      }),
    async stop() {
      clearInterval(alive)
      for (const each of timers) clearTimeout(each)
    },
  }
}

/** Creates a clock on virtual time. Each turn of the event loop takes one virtual millisecond, so that real answers arrive in time. */
function createVirtualClock(time: VirtualRuntime): Clock {
  let stopped = false
  let waiters: (() => void)[] = []
  const timers = new Map<() => void, number>()
  const run = async (): Promise<void> => {
    while (!stopped) {
      await time.advance(1)
      const woken = waiters
      waiters = []
      for (const resume of woken) resume()
      for (const [fn, at] of timers) {
        if (at > time.now()) continue
        timers.delete(fn)
        fn()
      }
    }
  }
  const running = run()
  return {
    now: () => time.now(),
    schedule(ms, fn) {
      const own = (): void => fn()
      timers.set(own, time.now() + ms)
      return () => timers.delete(own)
    },
    pause: () => new Promise((resolve) => waiters.push(resolve)),
    async stop() {
      stopped = true
      await running
    },
  }
}
