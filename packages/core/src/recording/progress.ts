import type { Position } from '../model/position.ts'

/** Progress of a replay. */
export interface ReplayProgress {
  /** All lines up to this one are complete. Pass it as `after` to resume. */
  readonly line: number
  /** Number of changes that this replay has written up to that line. */
  readonly changes: number
  /** Position in the recorded section that these lines reach. */
  readonly position?: Position
}
