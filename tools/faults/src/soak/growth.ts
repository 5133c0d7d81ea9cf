/** One look at something that should not grow. */
export interface Sample {
  /** Milliseconds. */
  readonly at: number
  readonly value: number
}

/** What is still no growth. */
export interface Bound {
  /** Over the whole time judged, absolute … */
  readonly absolute: number
  /** … or as a share of the median; the greater of the two counts. */
  readonly share: number
}

/** What a series of samples shows. */
export interface Growth {
  /** Theil–Sen: the median of the slopes of all pairs, per ms. A few outliers do not move it. */
  readonly slope: number
  /** What the slope makes over the whole time judged. */
  readonly total: number
  /** Is there a trend at all? If there were none, one in 40 series would seem to rise so. */
  readonly rises: boolean
  /** It rises, and by more than the bound. */
  readonly grows: boolean
}

const MIN_SAMPLES = 8
/** Of the normal distribution: 97.5 % lie below. */
const Z = 1.96

/** Judges samples that were taken after the warm-up. @throws RangeError if there are too few to judge */
export function growthOf(samples: readonly Sample[], { absolute, share }: Bound): Growth {
  const n = samples.length
  if (n < MIN_SAMPLES) throw new RangeError(`${n} samples: ${MIN_SAMPLES} are needed to tell growth from noise`)
  const slopes = slopesOf(samples)
  const span = (samples.at(-1) as Sample).at - (samples[0] as Sample).at
  const slope = at(slopes, 0.5)
  // Sen's confidence interval: how far the order of so many values strays by chance, by Kendall's variance
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

/** The value below which this share lies. */
const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.min(sorted.length - 1, Math.floor(share * sorted.length)))] as number
