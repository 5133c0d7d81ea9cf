import type { VirtualRuntime } from '@sync/core/testing'

/** The time in which a rule runs: that of the machine, or a virtual one that goes on by itself, as fast as it can. */
export interface Clock {
  now(): number
  /** Calls `fn` after `ms`; the returned function takes it back. */
  timer(ms: number, fn: () => void): () => void
  /** Resolves before the next look at something that is waited for; the more looks there were, the later. */
  pause(looks: number): Promise<void>
  /** Ends what keeps it going. */
  stop(): Promise<void>
}

/** The clock of a harness. */
export const clockOf = (time: VirtualRuntime | undefined): Clock => (time ? virtual(time) : machine())

/** So many looks come one turn of the event loop after another; then they come at growing distances, up to the longest in ms. */
const QUICK_LOOKS = 5
const LONGEST_PAUSE = 10
/** Any time below the longest that a timer takes. */
const KEEP_ALIVE = 3_600_000

/** Its timers do not count as held by the process (what adapters leave behind does): one alone keeps that alive. */
function machine(): Clock {
  const timers = new Set<NodeJS.Timeout>()
  const alive = setInterval(() => {}, KEEP_ALIVE)
  const timer = (ms: number, fn: () => void): (() => void) => {
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
    timer,
    pause: (looks) =>
      new Promise((resolve) => {
        if (looks < QUICK_LOOKS) setImmediate(resolve)
        else timer(Math.min(looks - QUICK_LOOKS + 1, LONGEST_PAUSE), resolve)
      }),
    async stop() {
      clearInterval(alive)
      for (const each of timers) clearTimeout(each)
    },
  }
}

/** Each turn of the event loop takes a millisecond: whoever waits for an answer waits for as long as that takes. */
function virtual(time: VirtualRuntime): Clock {
  let stopped = false
  let waiting: (() => void)[] = []
  const timers = new Map<() => void, number>()
  const run = async (): Promise<void> => {
    while (!stopped) {
      await time.advance(1)
      const woken = waiting
      waiting = []
      for (const go of woken) go()
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
    timer(ms, fn) {
      const own = (): void => fn()
      timers.set(own, time.now() + ms)
      return () => timers.delete(own)
    },
    pause: () => new Promise((resolve) => waiting.push(resolve)),
    async stop() {
      stopped = true
      await running
    },
  }
}
