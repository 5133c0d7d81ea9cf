/** Escapes `~` and `/` in a name for use as a JSON pointer token (RFC 6901, section 3). */
export function escapeToken(name: string): string {
  if (!name.includes('~') && !name.includes('/')) return name
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}

const BACKSLASH = 92

/**
 * Whether a name is forbidden as a member of a document and as a token in a patch path.
 *
 * JavaScript gives `__proto__`, `constructor` and `prototype` a special meaning: code that merges received data by
 * assignment would let them modify every object of the process. A name that begins with a backslash makes V8's
 * `JSON.parse` misread other escaped names from then on (nodejs/node#63785): written data would silently be read back
 * under another name.
 */
export function isForbiddenName(name: string): boolean {
  return name === '__proto__' || name === 'constructor' || name === 'prototype' || name.charCodeAt(0) === BACKSLASH
}
