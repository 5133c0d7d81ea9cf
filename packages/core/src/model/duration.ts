import { formatValue } from './assert.ts'
import { ArgumentError } from './errors.ts'

/** Duration: milliseconds, or a number with a unit (`'500ms'`, `'30s'`, `'15m'`, `'6h'`, `'7d'`). At most `'36500d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

/** Maximum duration, 36,500 days in ms. Every store can add it to its clock. */
export const MAX_DURATION_MS: number = 36_500 * 86_400_000

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/**
 * Returns a duration in milliseconds.
 * @throws ArgumentError (`SYNC_ARGUMENT`) naming `label` if the duration is not positive, or exceeds 36,500 days
 */
export function parseDuration(duration: Duration, label: string): number {
  const ms = typeof duration === 'number' ? duration : parseText(duration)
  if (!(ms > 0 && ms < Number.POSITIVE_INFINITY))
    throw new ArgumentError(`${label}: expected a duration such as 500, '500ms' or '5s', got ${formatValue(duration)}`)
  if (ms > MAX_DURATION_MS)
    throw new ArgumentError(`${label}: expected a duration of at most '36500d', got ${formatValue(duration)}`)
  return ms
}

function parseText(text: string): number {
  const parts = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text)
  return parts ? Number(parts[1]) * UNITS[parts[2] as keyof typeof UNITS] : Number.NaN
}
