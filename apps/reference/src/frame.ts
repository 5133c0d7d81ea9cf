import type { PastAlert } from './alerts.ts'
import type { LogLine } from './event-log.ts'
import type { Menu } from './menu.ts'
import type { Moved } from './moves.ts'
import type { Rate } from './services/throttle.ts'
import type { Seen } from './view.ts'

/** All that the page shows at one moment. */
export interface Frame extends Seen {
  /** Ms since 1970. */
  readonly at: number
  readonly pace: Rate
  /** What was done to which replica, in words. */
  readonly disturbed: Readonly<Record<string, string>>
  readonly menu: Menu
  /** What is being done to the system as a whole. */
  readonly busy: string | undefined
  /** The last move. */
  readonly moved: Moved | undefined
  /** The alerts since the start, oldest first. */
  readonly pastAlerts: readonly PastAlert[]
  readonly log: readonly LogLine[]
}
