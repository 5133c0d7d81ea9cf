import type { WireChange } from '@sync/core/adapter'

/** Formats a time in ms since 1970. */
export const formatTime = (time: number): string => new Date(time).toISOString()

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const

/** Formats a duration in ms with its largest unit. */
export function formatDuration(ms: number): string {
  const [name, size] = UNITS.find(([, unit]) => ms >= unit) ?? ['ms', 1]
  return `${Math.floor(ms / size)} ${name}`
}

/** A change as it is printed: without values and meta, unless they are requested, because they may be personal data. */
export function describeChange(
  change: WireChange,
  { values }: { readonly values: boolean },
): Readonly<Record<string, unknown>> {
  const { key, epoch, origin, generation, version, sequence, time, edits, meta } = change
  return {
    sequence,
    key,
    version,
    fields: typeof edits === 'string' ? edits : edits.map(({ field, kind, version }) => ({ field, kind, version })),
    generation,
    epoch,
    origin,
    time: formatTime(time),
    ...(values && { edits, ...(meta && { meta }) }),
  }
}

/** Returns the cells of a change's row. */
export function changeCells(
  change: WireChange,
  { values }: { readonly values: boolean },
): readonly (string | number)[] {
  const { sequence, key, version, edits, time, origin, meta } = change
  const fields = typeof edits === 'string' ? edits : edits.map(({ field, kind }) => SIGNS[kind] + field).join(' ')
  const cells = [sequence, formatTime(time), key, `v${version}`, fields, origin]
  return values ? [...cells, JSON.stringify({ edits, ...(meta && { meta }) })] : cells
}

/** Marks of the kinds of edits: a new value, a delta, a removed field. */
const SIGNS = { whole: '=', delta: '~', removed: '-' } as const
