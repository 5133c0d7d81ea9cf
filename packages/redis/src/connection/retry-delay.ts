/** How often it is asked again who answers on a line whose user may not ask, in ms. */
export const IDENTITY_RETRY_MS = 1_000

/** Milliseconds before the next attempt to connect: soon at first, then once a second, and never all instances at once. */
export const retryDelay = (attempts: number): number =>
  Math.min(1_000, 25 * 2 ** Math.min(attempts, 6)) * (0.5 + Math.random() / 2)
