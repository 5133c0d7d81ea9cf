import type { SectionDefinition } from '../model/section-definition.ts'

/** The end of an earlier epoch: everything up to `sequence` in `epoch` is common history. */
export interface Fork {
  readonly epoch: string
  readonly sequence: number
  /** The section's answer count at the mint: ages op ids that were born in the earlier epoch. */
  readonly answers: number
}

/** Where a section stands. Comes with every answer of the store, read in the same atomic step. */
export interface Standing {
  readonly epoch: string
  /** The section's sequence: the number of commits so far. */
  readonly sequence: number
  /** How many answers the section's op memory has numbered so far. */
  readonly answers: number
  /** The epochs that led here, oldest first; the last few. */
  readonly lineage: readonly Fork[]
  /** How the section's writers define it; absent: none of them has said so. */
  readonly definition?: SectionDefinition
}

/**
 * Up to which sequence a history of `epoch` is part of the history described by `standing`:
 * `Infinity` for the same epoch, the fork for an ancestor, `undefined` for one unknown to it.
 */
export function commonUpTo(standing: Pick<Standing, 'epoch' | 'lineage'>, epoch: string): number | undefined {
  if (epoch === standing.epoch) return Number.POSITIVE_INFINITY
  return standing.lineage.find((fork) => fork.epoch === epoch)?.sequence
}

/** Is a place (epoch, sequence) part of the history described by `standing`? */
export const holds = (
  standing: Pick<Standing, 'epoch' | 'lineage'>,
  at: { epoch: string; sequence: number },
): boolean => at.sequence <= (commonUpTo(standing, at.epoch) ?? -1)
