import { PatchError } from '../model/errors.ts'
import { escapeToken, isForbiddenName } from '../model/json-pointer.ts'

/**
 * Cache of recently parsed pointers. The documents of a section have the same fields, so the same pointers recur.
 * Parsing them and hashing their names again would be half the cost of applying a small patch. Bounded in number and
 * length.
 */
const recentPointers = new Map<string, readonly string[]>()
const MAX_CACHED = 1024
const MAX_CACHED_LENGTH = 64

/**
 * Parses a JSON pointer (RFC 6901) into its unescaped names and indices; none for the empty pointer.
 *
 * @param index index of the pointer's operation, for errors
 * @param prefix pointer to the value that this one is relative to, for errors
 * @throws PatchError (`SYNC_PATCH`) with reason `bad-pointer` if the pointer is neither empty nor begins with `/`, or
 * has an invalid `~` escape; with reason `forbidden-name` if it contains a name that documents may not use
 */
export function parsePointer(pointer: string, index = 0, prefix = ''): readonly string[] {
  const known = recentPointers.get(pointer)
  if (known !== undefined) return known
  if (pointer !== '' && !pointer.startsWith('/')) {
    throw new PatchError(
      'bad-pointer',
      index,
      prefix + pointer,
      "expected an empty pointer or one that begins with '/'",
    )
  }
  const raw = pointer === '' ? [] : pointer.slice(1).split('/')
  const tokens = raw.map((token) => unescapeToken(token, pointer, index, prefix))
  if (pointer.length <= MAX_CACHED_LENGTH) {
    if (recentPointers.size === MAX_CACHED) recentPointers.clear()
    recentPointers.set(pointer, tokens)
  }
  return tokens
}

/** Formats names and indices as a JSON pointer (RFC 6901). */
export function formatPointer(tokens: readonly (string | number)[]): string {
  let pointer = ''
  for (const token of tokens) pointer += `/${typeof token === 'number' ? token : escapeToken(token)}`
  return pointer
}

/**
 * Parses a token as an array index: digits without a leading zero (RFC 6901, section 4). Returns `undefined` for
 * anything else, including `-`.
 */
export function parseIndex(token: string): number | undefined {
  const first = token.charCodeAt(0)
  // A number represents fifteen digits exactly.
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
    throw new PatchError('bad-pointer', index, prefix + pointer, "expected '~0' or '~1', got another use of '~'")
  }
  const token = raw.replaceAll('~1', '/').replaceAll('~0', '~')
  if (isForbiddenName(token))
    throw new PatchError('forbidden-name', index, prefix + pointer, `the name ${token} is forbidden`)
  return token
}
