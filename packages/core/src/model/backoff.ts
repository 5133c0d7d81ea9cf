const BASE_MS = 20
const MAX_MS = 2_000

/**
 * Returns the delay before the next attempt in ms: doubles from 20 to 2,000, jittered within its upper half by
 * `random`.
 */
export const backoffDelay = (attempt: number, random: number): number =>
  Math.min(MAX_MS, BASE_MS * 2 ** Math.min(attempt, 16)) * (0.5 + random / 2)
