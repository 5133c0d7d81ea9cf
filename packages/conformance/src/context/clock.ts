import type { VirtualRuntime } from '@sync/core/testing'

/** The time in which a rule runs: that of the machine, or a virtual one that goes on by itself, as fast as it can. */
export interface Clock {
  now(): number
  /** Calls `fn` after `ms`; the returned function takes it back. */
  schedule(ms: number, fn: () => void): () => void
  /** Resolves before the next look at something that is waited for; the more looks there were, the later. */
  pause(polls: number): Promise<void>
  /** Ends what keeps it going. */
  stop(): Promise<void>
}

/** The clock of a harness. */
export const createClock = (time: VirtualRuntime | undefined): Clock =>
  time ? createVirtualClock(time) : createMachineClock()

/** So many looks come one turn of the event loop after another; then they come at growing distances, up to the longest in ms. */
const QUICK_POLLS = 5
const MAX_PAUSE_MS = 10
/** Any time below the longest that a timer takes. */
const KEEP_ALIVE_MS = 3_600_000

/** Its timers do not count as held by the process (what adapters leave behind does): one alone keeps that alive. */
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

/** Each turn of the event loop takes a millisecond: whoever waits for an answer waits for as long as that takes. */
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
