import { randomBytes } from 'node:crypto'

/** Returns a generator of epoch ids that are unique among all stores. The scripts have no randomness of their own. */
export function epochIdGenerator(): () => string {
  const prefix = randomBytes(6).toString('base64url')
  let calls = 0
  return () => `${prefix}${(++calls).toString(36)}`
}
