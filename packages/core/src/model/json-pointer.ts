/**
 * A name as a token of a JSON pointer: `~` and `/` escaped (RFC 6901, section 3).
 */
export function escapeToken(name: string): string {
  if (!name.includes('~') && !name.includes('/')) return name
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}

const BACKSLASH = 92

/**
 * Names that no document may use for a member and no patch may go through.
 *
 * JavaScript gives three of them a meaning of its own: code elsewhere that merges received data by assignment would let
 * them reach into every object of the process. Those that begin with a backslash make V8's `JSON.parse` misread other
 * escaped names from then on (nodejs/node#63785): what was written would silently come back under another name.
 */
export function isForbiddenName(name: string): boolean {
  return name === '__proto__' || name === 'constructor' || name === 'prototype' || name.charCodeAt(0) === BACKSLASH
}
