import { isJsonArray, type Json } from './json.ts'

/** Returns the size of a value as JSON text in UTF-8 bytes, without building the text. */
export function jsonBytes(value: Json): number {
  return Number.MAX_SAFE_INTEGER - remainingBudget(value, Number.MAX_SAFE_INTEGER)
}

/**
 * Whether a value's JSON text has at most `limit` bytes in UTF-8. Counting stops at the limit, so that a check of a
 * large value costs no more than the limit.
 */
export function fitsJsonBytes(value: Json, limit: number): boolean {
  return remainingBudget(value, limit) >= 0
}

/** Returns the remaining byte budget; negative, and inexact, once the budget is exceeded. */
function remainingBudget(value: Json, budget: number): number {
  switch (typeof value) {
    case 'string':
      return budget - stringBytes(value, budget)
    case 'number':
      return budget - numberBytes(value)
    case 'boolean':
      return budget - (value ? 4 : 5)
    default:
  }
  if (value === null) return budget - 4
  if (isJsonArray(value)) {
    let left = budget - 2 - Math.max(value.length - 1, 0)
    for (let i = 0; i < value.length && left >= 0; i++) left = remainingBudget(value[i] as Json, left)
    return left
  }
  const keys = Object.keys(value)
  // Each member adds a colon and, except for the first one, a comma.
  let left = budget - 2 - Math.max(keys.length * 2 - 1, 0)
  for (let i = 0; i < keys.length && left >= 0; i++) {
    const key = keys[i] as string
    left = remainingBudget(value[key] as Json, left - stringBytes(key, left))
  }
  return left
}

function numberBytes(value: number): number {
  if (!Number.isSafeInteger(value)) return String(value).length
  let bytes = value < 0 ? 2 : 1
  for (let power = 10; power <= Math.abs(value); power *= 10) bytes++
  return bytes
}

/**
 * Returns the size of a string as JSON in bytes, including quotes. If it exceeds `limit`, returns a lower bound above
 * `limit`.
 */
function stringBytes(text: string, limit: number): number {
  if (text.length + 2 > limit) return text.length + 2
  let bytes = text.length + 2
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x20 && unit < 0x80) {
      if (unit === 0x22 || unit === 0x5c) bytes++
    } else bytes += extraBytes(text, i, unit)
  }
  return bytes
}

/** Returns the number of bytes beyond one that the code unit at `i` takes. */
function extraBytes(text: string, i: number, unit: number): number {
  if (unit < 0x20) {
    const short = unit === 0x08 || unit === 0x09 || unit === 0x0a || unit === 0x0c || unit === 0x0d
    return short ? 1 : 5
  }
  if (unit < 0x800) return 1
  if (unit < 0xd800 || unit > 0xdfff) return 2
  const high = unit < 0xdc00
  const other = text.charCodeAt(high ? i + 1 : i - 1)
  const paired = high ? other >= 0xdc00 && other <= 0xdfff : other >= 0xd800 && other < 0xdc00
  // A surrogate pair has four bytes, two for each half; a lone surrogate is escaped as \udXXX.
  return paired ? 1 : 5
}
