/** Time, timers, randomness and ids: all that makes a run differ from the next. Injected, so that a test can replay one. */
export interface Runtime {
  /** Milliseconds since 1970, with fractions where the platform has them. Only differences decide anything. */
  now(): number
  /**
   * Milliseconds since some moment: measures spans of time. Never goes back, though the wall clock may be set back; where that
   * is set forwards (a machine wakes from its sleep), the time that it leaves out counts as passed.
   */
  elapsed(): number
  /**
   * Runs `fn` once after `ms` milliseconds; the returned function cancels it. `call` (default): somebody waits for it, the
   * process stays alive. `upkeep`: nobody does.
   */
  schedule(fn: () => void, ms: number, purpose?: 'call' | 'upkeep'): () => void
  /** Uniform in [0, 1). */
  random(): number
  /** A new id: unique among all instances, for ever. At most 32 characters of `[A-Za-z0-9_-]`. */
  id(): string
}

/** Beyond this many ms between the two clocks the wall clock was set: follow it. */
const CLOCK_STEP_MS = 20
let wallClockOffset = Date.now() - performance.now()
/** By how much the wall clock was set forwards, all in all. */
let skippedMs = 0

/** The even clock, once it is known what became of the wall clock meanwhile. */
function followWallClock(): number {
  const since = performance.now()
  const step = Date.now() - since - wallClockOffset
  if (Math.abs(step) > CLOCK_STEP_MS) {
    wallClockOffset += step
    skippedMs += Math.max(0, step)
  }
  return since
}

/** Platforms take longer waits for none at all. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

/** Node's timers hold the process, unless they are told not to; a browser's are plain numbers. */
function unrefTimer(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer) (timer as { unref(): void }).unref()
}

/** The real thing: wall clock in µs steps, timers of the platform, its random source. */
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
