import type { SectionDefinition } from '../model/section-definition.ts'

/** The end of an earlier epoch: everything up to `sequence` in `epoch` is common history. */
export interface Fork {
  readonly epoch: string
  readonly sequence: number
  /** The section's answer count at the mint: ages op ids that were born in the earlier epoch. */
  readonly opResultCount: number
}

/** Where a section stands. Comes with every answer of the store, read in the same atomic step. */
export interface SectionState {
  readonly epoch: string
  /** The section's sequence: the number of commits so far. */
  readonly sequence: number
  /** How many answers the section's op memory has numbered so far. */
  readonly opResultCount: number
  /** The epochs that led here, oldest first; the last few. */
  readonly ancestors: readonly Fork[]
  /** How the section's writers define it; absent: none of them has said so. */
  readonly definition?: SectionDefinition
}

/**
 * Up to which sequence a history of `epoch` is part of the history described by `standing`:
 * `Infinity` for the same epoch, the fork for an ancestor, `undefined` for one unknown to it.
 */
export function commonSequence(state: Pick<SectionState, 'epoch' | 'ancestors'>, epoch: string): number | undefined {
  if (epoch === state.epoch) return Number.POSITIVE_INFINITY
  return state.ancestors.find((fork) => fork.epoch === epoch)?.sequence
}

/** Is a place (epoch, sequence) part of the history described by `standing`? */
export const includesPosition = (
  state: Pick<SectionState, 'epoch' | 'ancestors'>,
  position: { epoch: string; sequence: number },
): boolean => position.sequence <= (commonSequence(state, position.epoch) ?? -1)
