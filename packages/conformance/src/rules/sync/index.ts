import type { SyncStage } from '../../stage/sync-stage.ts'
import type { Rule } from '../rule.ts'

/** Everything that is asked of a whole stack. */
export const syncRules: readonly Rule<SyncStage>[] = []
