/** One measurement of a value that should not grow. */
export interface Sample {
  /** Time of the measurement, in milliseconds. */
  readonly at: number
  readonly value: number
}

/** Tolerated growth over the whole measured time. The greater of the two limits applies. */
export interface Bound {
  /** Limit in the unit of the samples. */
  readonly absolute: number
  /** Limit as a share of the samples' median. */
  readonly share: number
}

/** Trend of a series of samples. */
export interface Growth {
  /** Theil–Sen slope per millisecond: the median of the slopes of all pairs, which outliers hardly affect. */
  readonly slope: number
  /** The slope times the measured time. */
  readonly total: number
  /** Whether the trend is significant. One in 40 series without a trend would appear to rise. */
  readonly rises: boolean
  /** Whether the series rises by more than the bound. */
  readonly grows: boolean
}

const MIN_SAMPLES = 8
/** The 97.5 % quantile of the standard normal distribution. */
const Z = 1.96

/** Estimates the trend of samples taken after the warm-up. @throws RangeError if there are fewer than 8 */
export function growthOf(samples: readonly Sample[], { absolute, share }: Bound): Growth {
  const n = samples.length
  if (n < MIN_SAMPLES) throw new RangeError(`expected at least ${MIN_SAMPLES} samples, got ${n}`)
  const slopes = slopesOf(samples)
  const span = (samples.at(-1) as Sample).at - (samples[0] as Sample).at
  const slope = at(slopes, 0.5)
  // lower limit of Sen's confidence interval, from the variance of Kendall's S
  const deviation = Z * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18)
  const lower = at(slopes, (slopes.length - deviation) / 2 / slopes.length)
  const middle = at(samples.map(({ value }) => value).sort(ascending), 0.5)
  const total = slope * span
  return { slope, total, rises: lower > 0, grows: lower > 0 && total > Math.max(absolute, share * middle) }
}

function slopesOf(samples: readonly Sample[]): number[] {
  const slopes: number[] = []
  for (const [index, a] of samples.entries()) {
    for (const b of samples.slice(index + 1)) slopes.push((b.value - a.value) / (b.at - a.at))
  }
  return slopes.sort(ascending)
}

const ascending = (a: number, b: number): number => a - b

/** Returns the quantile of sorted values at `share`. */
const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.min(sorted.length - 1, Math.floor(share * sorted.length)))] as number
