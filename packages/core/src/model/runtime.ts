/** Clock, timers, randomness and ids: every source of non-determinism. Injected, so that a test can replay a run. */
export interface Runtime {
  /** Wall-clock time in ms since 1970, with fractions where the platform provides them. */
  now(): number
  /**
   * Monotonic time in ms since an arbitrary moment, for measuring durations. It never goes back, even if the wall clock
   * is set back. If the wall clock is set forward, as when a machine wakes from sleep, the skipped time counts as
   * elapsed.
   */
  elapsed(): number
  /**
   * Runs `fn` once after `ms` milliseconds. Returns a function that cancels the timer. With purpose `call` (default)
   * the timer keeps the process alive, because a caller waits for it; with `upkeep` it does not.
   */
  schedule(fn: () => void, ms: number, purpose?: 'call' | 'upkeep'): () => void
  /** Returns a uniformly distributed number in [0, 1). */
  random(): number
  /** Returns an id that is unique among all instances at all times. At most 32 characters of `[A-Za-z0-9_-]`. */
  id(): string
}

// Captured when the module is loaded, so that fake timers of a test runner, installed later, do not stop an instance.
const { setTimeout, clearTimeout } = globalThis
const readWallClock = Date.now
const readMonotonicClock = performance.now.bind(performance)

/** If the two clocks drift apart by more than this many ms, the wall clock was set. */
const CLOCK_STEP_MS = 20
let wallClockOffset = readWallClock() - readMonotonicClock()
/** Total time by which the wall clock was set forward, in ms. */
let skippedMs = 0

/** Returns the monotonic time, after recording any step of the wall clock. */
function followWallClock(): number {
  const since = readMonotonicClock()
  const step = readWallClock() - since - wallClockOffset
  if (Math.abs(step) > CLOCK_STEP_MS) {
    wallClockOffset += step
    skippedMs += Math.max(0, step)
  }
  return since
}

/** Longest timeout that platforms support; they fire longer ones immediately. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

/** Lets the process exit while the timer is pending. Node's timers are objects with `unref`; a browser's are numbers. */
function unrefTimer(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer) (timer as { unref(): void }).unref()
}

/** The platform's clock (in µs steps), timers and random source. */
export const systemRuntime: Runtime = {
  now: () => Math.round((followWallClock() + wallClockOffset) * 1000) / 1000,
  elapsed: () => followWallClock() + skippedMs,
  schedule(fn, ms, purpose = 'call') {
    let timer: ReturnType<typeof setTimeout>
    const wait = (left: number): void => {
      const step = Math.min(left, MAX_TIMEOUT_MS)
      timer = setTimeout(() => (left > step ? wait(left - step) : fn()), step)
      if (purpose === 'upkeep') unrefTimer(timer)
    }
    wait(ms)
    return () => clearTimeout(timer)
  },
  random: () => Math.random(),
  id() {
    const bytes = crypto.getRandomValues(new Uint8Array(9))
    return btoa(String.fromCharCode(...bytes))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
  },
}
