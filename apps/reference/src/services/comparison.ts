/** One document as the store or a replica has it. */
export interface Copy {
  readonly version: number
  /** The store's clock at its last change: tells two lives of one key apart. */
  readonly changedAt: number
  /** A digest of its content: equal for equal contents. */
  readonly content: string
}

/**
 * `equal`: the same content at the same version. `different`: another content at the same version, which must never be.
 * `moving`: at another version; a look later tells more. `stale`: at another version for two looks, while the store's stood.
 */
export type Comparison = 'equal' | 'different' | 'moving' | 'stale'

/** How many documents of one replica came to which verdict. */
export type ComparisonCounts = Readonly<Record<Comparison, number>>

export const noComparisons: ComparisonCounts = { equal: 0, different: 0, moving: 0, stale: 0 }

/** Compares one document of a replica with the store's. `before`: the store's at the last look, if it was `moving` then. */
export function compareCopies(
  stored: Copy | undefined,
  held: Copy | undefined,
  before?: { readonly stored: Copy | undefined },
): Comparison {
  if (stateOf(stored) === stateOf(held)) {
    return stored?.content === held?.content ? 'equal' : 'different'
  }
  return before !== undefined && stateOf(before.stored) === stateOf(stored) ? 'stale' : 'moving'
}

/** The share of the documents that are as the store has them, 0 … 1; those still moving do not count. */
export function scoreOf({ equal, different, stale }: ComparisonCounts): number {
  const compared = equal + different + stale
  return compared === 0 ? 1 : equal / compared
}

const stateOf = (copy: Copy | undefined): string => (copy ? `${copy.version}@${copy.changedAt}` : 'none')
