/** U+10FFFF followed by `~` stands for itself; followed by four hex digits it is a lone surrogate, which UTF-8 cannot encode. */
const LAST = '\u{10ffff}'
const LONE_SURROGATE = /\p{Surrogate}/gu
const HIGH_SURROGATE_AT_END = /[\uD800-\uDBFF]$/

/** Returns the index member of a key, as `memberOf` in `keyIndexLua` does. */
export const memberOf = (key: string): string =>
  key.replaceAll(LAST, `${LAST}~`).replaceAll(LONE_SURROGATE, (unit) => `${LAST}${unit.charCodeAt(0).toString(16)}`)

/** Returns the key of an index member. */
export const keyOfMember = (member: string): string =>
  member.includes(LAST)
    ? member.replaceAll(/\u{10ffff}(~|[0-9a-f]{4})/gu, (_, code: string) =>
        code === '~' ? LAST : String.fromCharCode(Number.parseInt(code, 16)),
      )
    : member

/** Returns the arguments of `keysLua` that select the keys after `after` with a prefix: the begin of the range, and a common prefix. */
export function pageRange(prefix: string, after: string | undefined): readonly [first: string, prefix: string] {
  // a prefix can end between two surrogates, which are one character of the member
  const start = memberOf(prefix.replace(HIGH_SURROGATE_AT_END, ''))
  const cursor = memberOf(after ?? '')
  const isBehindStart = Buffer.compare(Buffer.from(cursor), Buffer.from(start)) >= 0
  return [isBehindStart ? `(${cursor}` : `[${start}`, start]
}

/** Returns the pattern of the keys that begin with a section's name. */
export const scanPattern = (sectionName: string): string => `${sectionName.replaceAll(/[\\*?[\]^]/g, '\\$&')}:*`
