import type { Runtime } from '../model/runtime.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly fn: () => void
}

/** A runtime whose time stands still until it is advanced, and whose randomness comes from a seed. */
export interface VirtualRuntime extends Runtime {
  /** Lets `ms` milliseconds pass: runs what is due, in order, with all that follows from it. */
  advance(ms: number): Promise<void>
  /** Sets the wall clock forwards or back; timers keep their distance. */
  jump(ms: number): void
}

/** When no virtual clock was set: some day in 2026. */
const START = 1_775_000_000_000

/** Makes a virtual runtime. The same seed gives the same run. */
export function createVirtualRuntime(seed = 1): VirtualRuntime {
  let elapsed = 0
  let offset = START
  let leftOut = 0
  let order = 0
  let ids = 0
  let timers: Timer[] = []
  const random = randomFrom(seed)

  const next = (until: number): Timer | undefined => {
    let first: Timer | undefined
    for (const timer of timers) {
      if (timer.at > until) continue
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer
    }
    return first
  }

  return {
    now: () => offset + elapsed,
    elapsed: () => elapsed + leftOut,
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
      await quiet()
      for (let timer = next(until); timer; timer = next(until)) {
        const due = timer
        timers = timers.filter((each) => each !== due)
        elapsed = Math.max(elapsed, due.at)
        due.fn()
        await quiet()
      }
      elapsed = until
    },
    jump(ms) {
      offset += ms
      leftOut += Math.max(0, ms)
    },
  }
}

/** Node's way to the next turn of the event loop; a browser has only timers, which wait a millisecond. */
const { setImmediate: soon = (fn: () => void): unknown => setTimeout(fn, 0) } = globalThis as {
  setImmediate?: (fn: () => void) => unknown
}

/** Resolves when all that promises had to do is done: the next turn comes after every microtask. */
const quiet = (): Promise<void> => new Promise((resolve) => soon(resolve))

/** Mulberry32: small, fast and good enough to draw faults with. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
