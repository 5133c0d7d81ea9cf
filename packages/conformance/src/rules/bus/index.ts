import type { BusStage } from '../../stage/bus-stage.ts'
import type { Rule } from '../rule.ts'
import { data } from './data.ts'
import { delivery } from './delivery.ts'
import { faults } from './faults.ts'
import { harness } from './harness.ts'
import { lifecycle } from './lifecycle.ts'
import { order } from './order.ts'
import { pressure } from './pressure.ts'
import { replay } from './replay.ts'
import { subscription } from './subscription.ts'

/** Everything that is asked of a bus. */
export const busRules: readonly Rule<BusStage>[] = [
  ...harness,
  ...order,
  ...delivery,
  ...subscription,
  ...replay,
  ...faults,
  ...pressure,
  ...data,
  ...lifecycle,
]
