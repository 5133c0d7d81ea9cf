import type { SyncTestContext } from '../../context/sync-test-context.ts'
import type { Rule } from '../rule.ts'
import { convergence } from './convergence.ts'
import { repair } from './repair.ts'
import { streams } from './streams.ts'
import { workload } from './workload.ts'
import { writes } from './writes.ts'

/** All rules about whole stacks. */
export const syncRules: readonly Rule<SyncTestContext>[] = [
  ...convergence,
  ...workload,
  ...streams,
  ...repair,
  ...writes,
]
