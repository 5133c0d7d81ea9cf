/**
 * Returns the `q`-quantile of the values, interpolated.
 * @throws RangeError if there are no values
 */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const index = (sorted.length - 1) * q
  const low = sorted[Math.floor(index)]
  const high = sorted[Math.ceil(index)]
  if (low === undefined || high === undefined) throw new RangeError('expected at least one value, got none')
  return low + (high - low) * (index - Math.floor(index))
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** Returns the distance between the 10th and 90th percentile, relative to the median. */
export const spread = (values: readonly number[]): number =>
  (quantile(values, 0.9) - quantile(values, 0.1)) / median(values)
