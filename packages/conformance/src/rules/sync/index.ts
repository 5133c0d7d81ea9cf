import type { SyncStage } from '../../stage/sync-stage.ts'
import type { Rule } from '../rule.ts'
import { convergence } from './convergence.ts'
import { repair } from './repair.ts'
import { watching } from './watching.ts'
import { workload } from './workload.ts'
import { writing } from './writing.ts'

/** Everything that is asked of a whole stack. */
export const syncRules: readonly Rule<SyncStage>[] = [...convergence, ...workload, ...watching, ...repair, ...writing]
