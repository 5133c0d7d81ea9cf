/** Derives a rate from a counter. */
export interface RateMeter {
  /** Records the counter's value at a time in ms. Returns its recent growth per second. */
  read(count: number, at: number): number
}

/** Creates a meter of the rate over the last `windowMs` milliseconds, or since the first reading if that is more recent. */
export function createRateMeter(windowMs: number): RateMeter {
  const readings: { readonly count: number; readonly at: number }[] = []
  return {
    read(count, at) {
      readings.push({ count, at })
      // one reading that is at least as old as the window is kept
      while (readings[1] !== undefined && readings[1].at <= at - windowMs) readings.shift()
      const first = readings[0]
      return first === undefined || first.at === at ? 0 : ((count - first.count) * 1_000) / (at - first.at)
    },
  }
}
