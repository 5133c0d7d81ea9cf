/** Turns a counter into a rate. */
export interface RateMeter {
  /** Takes the counter at a time in ms; answers with what it grew per second lately. */
  read(count: number, at: number): number
}

/** A rate over the last `spanMs` milliseconds, or since the first reading while that is less. */
export function createRateMeter(windowMs: number): RateMeter {
  const readings: { readonly count: number; readonly at: number }[] = []
  return {
    read(count, at) {
      readings.push({ count, at })
      // one reading at least as old as the span stays
      while (readings[1] !== undefined && readings[1].at <= at - windowMs) readings.shift()
      const first = readings[0]
      return first === undefined || first.at === at ? 0 : ((count - first.count) * 1_000) / (at - first.at)
    },
  }
}
