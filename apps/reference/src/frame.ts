import type { LogLine } from './event-log.ts'
import type { InstanceFigures, Totals } from './figures.ts'
import type { Row } from './services/board.ts'
import type { Rate } from './services/throttle.ts'

/** All that the page shows at one moment. */
export interface Frame {
  /** Ms since 1970. */
  readonly at: number
  readonly pace: Rate
  /** Commits per second, lately. */
  readonly rate: number
  readonly totals: Totals
  readonly instances: readonly InstanceFigures[]
  /** What was done to which replica, in words. */
  readonly disturbed: Readonly<Record<string, string>>
  readonly alerts: readonly string[]
  readonly rows: readonly Row[]
  readonly log: readonly LogLine[]
}
