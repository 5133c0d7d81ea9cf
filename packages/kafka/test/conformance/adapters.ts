import type { Adapter } from '@sync/conformance'
import { kafkaBusHarness } from '../bus-harness.ts'

/** Adapters of this package that `pnpm conformance` runs: the Kafka bus with each client library. */
const adapters: readonly Adapter[] = [
  { name: 'kafkajs', bus: kafkaBusHarness('kafkajs') },
  { name: 'kafka-platformatic', bus: kafkaBusHarness('platformatic') },
]

export default adapters
