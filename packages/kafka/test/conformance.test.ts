import { canTest } from '@sync/brokers'
import { describeBusConformance, testAdapter } from '@sync/conformance'
import { afterAll, describe, expect, it } from 'vitest'
import { kafkaBusHarness } from './bus-harness.ts'
import { stopBroker } from './shared-broker.ts'

const runner = { describe, it }

describe.runIf(await canTest('the conformance of the bus on Kafka', { broker: 'kafka', hooks: true }))('Kafka', () => {
  afterAll(stopBroker)
  for (const client of ['kafkajs', 'platformatic'] as const) {
    const bus = kafkaBusHarness(client)
    const name = `Kafka by ${client}`
    describeBusConformance({ name, createHarness: bus, runner })
    it(`${name} carries a workload to the same documents and histories as every other bus`, async () => {
      const reports = await testAdapter({ name, bus }, { kinds: ['sync'], only: 'SYNC-MRG-10' })
      expect(reports).toMatchObject([{ ok: true, counts: { passed: 1 } }])
    }, 60_000)
  }
})
