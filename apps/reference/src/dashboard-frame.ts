import type { LogLine } from '@sync/admin/parts'
import type { PastAlert } from './alerts.ts'
import type { AvailableTargets } from './available-targets.ts'
import type { DashboardState } from './dashboard.ts'
import type { FaultMark } from './fault-marks.ts'
import type { MigrationResult } from './migrations.ts'
import type { NetworkFault } from './services/network-fault.ts'
import type { Rate } from './services/throttle.ts'

/** Everything that the page shows at one moment. */
export interface DashboardFrame extends DashboardState {
  /** Time in ms since 1970. */
  readonly at: number
  /** Configured writes per second of the feed. */
  readonly targetRate: Rate
  /** Descriptions of the active network faults by replica; empty if a replica has none. */
  readonly networkFaults: Readonly<Record<string, string>>
  /** Active network faults by replica. */
  readonly faults: Readonly<Record<string, NetworkFault>>
  /** Beginnings and ends of faults, oldest first. */
  readonly marks: readonly FaultMark[]
  readonly targets: AvailableTargets
  /** Description of the operation in progress on the whole system. */
  readonly busy: string | undefined
  /** Result of the last move. */
  readonly lastMigration: MigrationResult | undefined
  /** Alerts since the start, oldest first. */
  readonly pastAlerts: readonly PastAlert[]
  readonly log: readonly LogLine[]
}
