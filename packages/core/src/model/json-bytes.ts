import { isJsonArray, type Json } from './json.ts'

/** How many bytes a value takes as JSON text in UTF-8, without building the text. */
export function jsonBytes(value: Json): number {
  return Number.MAX_SAFE_INTEGER - remainingBudget(value, Number.MAX_SAFE_INTEGER)
}

/**
 * Whether a value takes at most `limit` bytes as JSON text in UTF-8.
 * Stops counting at the limit, so that asking about a large value costs no more than the limit.
 */
export function fitsJsonBytes(value: Json, limit: number): boolean {
  return remainingBudget(value, limit) >= 0
}

/** What is left of a budget of bytes; negative, not exact, once it is overdrawn. */
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
  // Per member a colon and, but for the first, a comma.
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

/** Bytes of a string as JSON, quotes included; a lower bound above `limit` if there are more than that. */
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

/** How many bytes the unit at `i` takes beyond one. */
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
  // A pair is four bytes, two for each half; a lone half is written as \udXXX.
  return paired ? 1 : 5
}
