import type { Adapter } from '@sync/conformance'
import { kafkaBusHarness } from '../bus-harness.ts'

/** The bus on Kafka by each client, with the in-memory store. */
const adapters: readonly Adapter[] = [
  { name: 'kafkajs', bus: kafkaBusHarness('kafkajs') },
  { name: 'kafka-platformatic', bus: kafkaBusHarness('platformatic') },
]

export default adapters
