import { PatchError } from '../model/errors.ts'
import { escapeToken, isForbiddenName } from '../model/json-pointer.ts'

/**
 * Pointers read lately. The documents of a section have the same fields, so pointers come again and again; taking one
 * apart, and hashing its names anew, would be half the cost of applying a small patch. Bounded in number and length.
 */
const recentPointers = new Map<string, readonly string[]>()
const MAX_CACHED = 1024
const MAX_CACHED_LENGTH = 64

/**
 * The names and indices that a JSON pointer (RFC 6901) goes through, unescaped; none for the empty pointer.
 *
 * @param index position of the operation that the pointer belongs to, for the error
 * @param prefix pointer to what this one is relative to, for the error
 * @throws PatchError (`SYNC_PATCH`): `bad-pointer` if it neither is empty nor begins with `/`, or has a `~` that escapes
 * nothing; `forbidden-name` if it goes through a name that documents may not use
 */
export function parsePointer(pointer: string, index = 0, prefix = ''): readonly string[] {
  const known = recentPointers.get(pointer)
  if (known !== undefined) return known
  if (pointer !== '' && !pointer.startsWith('/')) {
    throw new PatchError('bad-pointer', index, prefix + pointer, 'a pointer begins with /')
  }
  const raw = pointer === '' ? [] : pointer.slice(1).split('/')
  const tokens = raw.map((token) => unescapeToken(token, pointer, index, prefix))
  if (pointer.length <= MAX_CACHED_LENGTH) {
    if (recentPointers.size === MAX_CACHED) recentPointers.clear()
    recentPointers.set(pointer, tokens)
  }
  return tokens
}

/** The JSON pointer (RFC 6901) that goes through these names and indices. */
export function formatPointer(tokens: readonly (string | number)[]): string {
  let pointer = ''
  for (const token of tokens) pointer += `/${typeof token === 'number' ? token : escapeToken(token)}`
  return pointer
}

/**
 * The array index that a token stands for: digits without a leading zero (RFC 6901, section 4).
 * Undefined for anything else, `-` too.
 */
export function parseIndex(token: string): number | undefined {
  const first = token.charCodeAt(0)
  // Fifteen digits stay exact as a number.
  if (token.length === 0 || token.length > 15 || (first === 0x30 && token.length > 1)) return undefined
  let index = 0
  for (let i = 0; i < token.length; i++) {
    const digit = token.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return undefined
    index = index * 10 + digit
  }
  return index
}

function unescapeToken(raw: string, pointer: string, index: number, prefix: string): string {
  if (/~(?![01])/.test(raw)) {
    throw new PatchError('bad-pointer', index, prefix + pointer, '~ must be followed by 0 or 1')
  }
  const token = raw.replaceAll('~1', '/').replaceAll('~0', '~')
  if (isForbiddenName(token)) throw new PatchError('forbidden-name', index, prefix + pointer, `${token} is off limits`)
  return token
}
