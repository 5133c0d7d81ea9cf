import { randomBytes } from 'node:crypto'

/** Ids for epochs, another at every call: unique among all stores, for the script has no randomness of its own. */
export function candidates(): () => string {
  const store = randomBytes(6).toString('base64url')
  let calls = 0
  return () => `${store}${(++calls).toString(36)}`
}
