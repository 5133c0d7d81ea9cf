/** Interval between queries of the server's id while the user lacks the permission, in ms. */
export const IDENTITY_RETRY_MS = 1_000

/** Delay before the next attempt, in ms: short at first, then up to a second, with jitter so that instances do not retry at once. */
export const retryDelay = (attempts: number): number =>
  Math.min(1_000, 25 * 2 ** Math.min(attempts, 6)) * (0.5 + Math.random() / 2)
