const FIRST = 20
const LONGEST = 2_000

/** Milliseconds to wait before the next attempt: doubling from 20 to 2,000, each drawn from its upper half by `random`. */
export const backoff = (attempt: number, random: number): number =>
  Math.min(LONGEST, FIRST * 2 ** Math.min(attempt, 16)) * (0.5 + random / 2)
