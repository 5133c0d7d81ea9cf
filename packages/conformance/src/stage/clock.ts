import type { VirtualRuntime } from '@sync/core/testing'

/** The time in which a rule runs: that of the machine, or a virtual one that goes on by itself, as fast as it can. */
export interface Clock {
  now(): number
  /** Resolves after `ms`. */
  sleep(ms: number): Promise<void>
  /** Resolves a moment later: for looking again whether something has come about. */
  moment(): Promise<void>
  /** Ends what keeps it going. */
  stop(): Promise<void>
}

/** The clock of a harness. */
export const clockOf = (time: VirtualRuntime | undefined): Clock => (time ? virtual(time) : real())

const LONGEST_MOMENT = 10

function real(): Clock {
  const timers = new Map<NodeJS.Timeout, () => void>()
  let moment = 0
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => {
        timers.delete(timer)
        resolve()
      }, ms)
      timers.set(timer, resolve)
    })
  return {
    now: () => performance.now(),
    sleep,
    moment() {
      moment = Math.min(moment + 1, LONGEST_MOMENT)
      return sleep(moment)
    },
    async stop() {
      for (const timer of timers.keys()) clearTimeout(timer)
    },
  }
}

/** Each turn of the event loop takes a millisecond: whoever waits for an answer waits for as long as that takes. */
function virtual(time: VirtualRuntime): Clock {
  let stopped = false
  let wake: (() => void)[] = []
  const run = async (): Promise<void> => {
    while (!stopped) {
      await time.advance(1)
      const woken = wake
      wake = []
      for (const go of woken) go()
    }
  }
  const running = run()
  const moment = (): Promise<void> => new Promise((resolve) => wake.push(resolve))
  return {
    now: () => time.now(),
    async sleep(ms) {
      for (const end = time.now() + ms; time.now() < end; ) await moment()
    },
    moment,
    async stop() {
      stopped = true
      await running
    },
  }
}
