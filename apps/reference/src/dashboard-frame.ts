import type { PastAlert } from './alerts.ts'
import type { AvailableTargets } from './available-targets.ts'
import type { DashboardState } from './dashboard.ts'
import type { LogLine } from './event-log.ts'
import type { MigrationResult } from './migrations.ts'
import type { Rate } from './services/throttle.ts'

/** All that the page shows at one moment. */
export interface DashboardFrame extends DashboardState {
  /** Ms since 1970. */
  readonly at: number
  readonly pace: Rate
  /** What was done to which replica, in words. */
  readonly disturbed: Readonly<Record<string, string>>
  readonly menu: AvailableTargets
  /** What is being done to the system as a whole. */
  readonly busy: string | undefined
  /** The last move. */
  readonly moved: MigrationResult | undefined
  /** The alerts since the start, oldest first. */
  readonly pastAlerts: readonly PastAlert[]
  readonly log: readonly LogLine[]
}
