import type { SectionDefinition } from '../model/section-definition.ts'

/** End of an earlier epoch: everything up to `sequence` in `epoch` is common history. */
export interface Fork {
  readonly epoch: string
  readonly sequence: number
  /**
   * The section's `opResultCount` at the fork. Determines whether op ids created in the earlier epoch may have been
   * forgotten.
   */
  readonly opResultCount: number
}

/** State of a section. Part of every store answer, read in the same atomic step. */
export interface SectionState {
  readonly epoch: string
  /** Sequence of the section's latest commit. */
  readonly sequence: number
  /** Number of results that the section's op memory has stored so far. */
  readonly opResultCount: number
  /** The most recent ancestor epochs, oldest first. */
  readonly ancestors: readonly Fork[]
  /** Definition recorded by the section's writers; absent if none was recorded. */
  readonly definition?: SectionDefinition
}

/**
 * Returns the sequence up to which the history of `epoch` is part of the history of `state`: `Infinity` for the same
 * epoch, the fork for an ancestor, `undefined` for an unknown epoch.
 */
export function commonSequence(state: Pick<SectionState, 'epoch' | 'ancestors'>, epoch: string): number | undefined {
  if (epoch === state.epoch) return Number.POSITIVE_INFINITY
  return state.ancestors.find((fork) => fork.epoch === epoch)?.sequence
}

/** Whether a position is part of the history of `state`. */
export const includesPosition = (
  state: Pick<SectionState, 'epoch' | 'ancestors'>,
  position: { epoch: string; sequence: number },
): boolean => position.sequence <= (commonSequence(state, position.epoch) ?? -1)
