import type { BusTestContext } from '../../context/bus-test-context.ts'
import type { Rule } from '../rule.ts'
import { backpressure } from './backpressure.ts'
import { data } from './data.ts'
import { delivery } from './delivery.ts'
import { faults } from './faults.ts'
import { harness } from './harness.ts'
import { lifecycle } from './lifecycle.ts'
import { order } from './order.ts'
import { replay } from './replay.ts'
import { subscription } from './subscription.ts'

/** All rules about buses. */
export const busRules: readonly Rule<BusTestContext>[] = [
  ...harness,
  ...order,
  ...delivery,
  ...subscription,
  ...replay,
  ...faults,
  ...backpressure,
  ...data,
  ...lifecycle,
]
