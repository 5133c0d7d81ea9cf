const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** Groups thousands: `26935` becomes `26,935`. */
export const count = (value: number): string => grouped.format(value)

/** Formats a size with three significant digits: `3.14 MB`. */
export function bytes(value: number): string {
  if (value < 1_000) return `${count(value)} B`
  if (value < 999_500) return `${threeDigits(value / 1_000)} kB`
  return `${threeDigits(value / 1_000_000)} MB`
}

const threeDigits = (value: number): string => (value < 99.95 ? value.toPrecision(3) : count(value))

/** Formats milliseconds; small values get more decimals. */
export function milliseconds(value: number): string {
  if (value < 0.995) return `${value.toFixed(2)} ms`
  return `${value < 9.95 ? value.toFixed(1) : count(value)} ms`
}

export const seconds = (ms: number): string => `${ms < 99_500 ? (ms / 1_000).toFixed(1) : count(ms / 1_000)} s`

/** Formats a share as a whole percentage, rounded down, so that 100 % means all. */
export const percent = (part: number, whole: number): string =>
  `${whole === 0 ? 0 : Math.floor((part / whole) * 100)} %`

/** Formats how much smaller the patches are than the whole documents. */
export const savings = (part: number, whole: number): string =>
  part < whole ? `${((1 - part / whole) * 100).toFixed(1)} % saved` : 'nothing saved'
