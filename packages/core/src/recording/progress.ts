import type { Position } from '../model/position.ts'

/** How far a replay is. */
export interface ReplayProgress {
  /** Everything up to this line is done: where to go on `after`. */
  readonly line: number
  /** How many changes up to there this replay has written. */
  readonly changes: number
  /** Where the recorded section was with the last of them. */
  readonly position?: Position
}
