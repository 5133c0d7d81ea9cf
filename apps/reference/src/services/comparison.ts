/** A document in the store or in a replica. */
export interface Copy {
  readonly version: number
  /** The store's clock at the last change. It distinguishes two generations of one key. */
  readonly changedAt: number
  /** Hash of the value: equal for equal values. */
  readonly content: string
}

/**
 * Result of comparing a replica's copy with the store's.
 *
 * - `equal`: same version, same content.
 * - `different`: same version, different content, which must never happen.
 * - `moving`: different version; to be compared again.
 * - `stale`: different version in two comparisons, although the store's version did not change.
 */
export type Comparison = 'equal' | 'different' | 'moving' | 'stale'

/** Number of a replica's documents per comparison result. */
export type ComparisonCounts = Readonly<Record<Comparison, number>>

export const noComparisons: ComparisonCounts = { equal: 0, different: 0, moving: 0, stale: 0 }

/** Compares a replica's copy with the store's. `before` contains the store's copy of the last comparison if that was `moving`. */
export function compareCopies(
  stored: Copy | undefined,
  cached: Copy | undefined,
  before?: { readonly stored: Copy | undefined },
): Comparison {
  if (stateOf(stored) === stateOf(cached)) {
    return stored?.content === cached?.content ? 'equal' : 'different'
  }
  return before !== undefined && stateOf(before.stored) === stateOf(stored) ? 'stale' : 'moving'
}

/** Returns the share of equal documents, from 0 to 1. Moving documents are not counted. */
export function scoreOf({ equal, different, stale }: ComparisonCounts): number {
  const compared = equal + different + stale
  return compared === 0 ? 1 : equal / compared
}

const stateOf = (copy: Copy | undefined): string => (copy ? `${copy.version}@${copy.changedAt}` : 'none')
