import { delivery as busDelivery } from './bus/delivery.ts'
import { faults as busFaults } from './bus/faults.ts'
import { order as busOrder } from './bus/order.ts'
import { replay as busReplay } from './bus/replay.ts'
import { subscription as busSubscription } from './bus/subscription.ts'
import type { Mutant } from './mutant.ts'
import { documents } from './store/documents.ts'
import { epochs } from './store/epochs.ts'
import { keys } from './store/keys.ts'
import { lifecycle } from './store/lifecycle.ts'
import { operations } from './store/operations.ts'
import { convergence } from './sync/convergence.ts'
import { repair } from './sync/repair.ts'

export type { Mutant } from './mutant.ts'
export { allRules, type MutantResult, rulesWithoutMutant, runMutant, runRuleOnMutant } from './run.ts'

/** All mutants. Each MUST rule has at least one. */
export const mutants: readonly Mutant[] = [
  ...busOrder,
  ...busDelivery,
  ...busSubscription,
  ...busReplay,
  ...busFaults,
  ...documents,
  ...keys,
  ...operations,
  ...epochs,
  ...lifecycle,
  ...convergence,
  ...repair,
]
