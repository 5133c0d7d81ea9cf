import { canTest } from '@sync/brokers'
import { describeBusConformance } from '@sync/conformance'
import { describe, it } from 'vitest'
import { natsBusHarness } from './bus-harness.ts'

const runner = { describe, it }

describe.runIf(await canTest('the conformance of the bus on NATS', { broker: 'nats', controllable: true }))(
  'NATS',
  () => {
    describeBusConformance({ name: 'NATS core', createHarness: () => natsBusHarness({ transport: 'core' }), runner })
    describeBusConformance({
      name: 'JetStream',
      createHarness: () => natsBusHarness({ transport: 'jetstream' }),
      runner,
    })
  },
)
