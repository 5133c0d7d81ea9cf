import { randomBytes } from 'node:crypto'

/** Ids for epochs, another at every call: unique among all stores, for the script has no randomness of its own. */
export function epochIdGenerator(): () => string {
  const prefix = randomBytes(6).toString('base64url')
  let calls = 0
  return () => `${prefix}${(++calls).toString(36)}`
}
