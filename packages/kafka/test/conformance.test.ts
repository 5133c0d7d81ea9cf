import { canTest } from '@sync/brokers'
import { describeBusConformance } from '@sync/conformance'
import { afterAll, describe, it } from 'vitest'
import { kafkaBusHarness } from './bus-harness.ts'
import { stopBroker } from './shared-broker.ts'

const runner = { describe, it }

describe.runIf(await canTest('the conformance of the bus on Kafka', { broker: 'kafka', controllable: true }))(
  'Kafka',
  () => {
    afterAll(stopBroker)
    for (const client of ['kafkajs', 'platformatic'] as const) {
      describeBusConformance({ name: `Kafka by ${client}`, createHarness: kafkaBusHarness(client), runner })
    }
  },
)
