import { type BrokerName, canTest } from '@sync/brokers'
import { type Adapter, testAdapter } from '@sync/conformance'
import { describe, expect, test } from 'vitest'
import { repositoryAdapters } from '../src/adapters.ts'

const adapters = await repositoryAdapters()

const adapterOf = (name: string): Adapter => {
  const found = adapters.find((each) => each.name === name)
  if (!found) throw new Error(`there is no adapter ${name}`)
  return found
}

/** Buses and stores, and the broker that each needs. Two clients of one server count as one here. */
const BUSES: readonly (readonly [name: string, broker: BrokerName | undefined])[] = [
  ['memory', undefined],
  ['redis', 'redis'],
  ['redis-streams', 'redis'],
  ['NATS core', 'nats'],
  ['JetStream', 'nats'],
  ['kafkajs', 'kafka'],
  ['kafka-platformatic', 'kafka'],
]

const STORES: readonly (readonly [name: string, broker: BrokerName | undefined])[] = [
  ['memory', undefined],
  ['redis', 'redis'],
]

const able = async (broker: BrokerName | undefined): Promise<boolean> =>
  broker === undefined || (await canTest('the same result on every store and bus', { broker, controllable: true }))

/** The half that is not named is the in-memory one, on the time of the other. */
const stack = (bus: string, store: string): Adapter => ({
  name: `${bus} over ${store}`,
  ...(bus !== 'memory' && { bus: adapterOf(bus).bus }),
  ...(store !== 'memory' && { store: adapterOf(store).store }),
})

describe('one workload makes the same documents and histories, byte by byte', { timeout: 60_000 }, async () => {
  for (const [store, storeBroker] of STORES) {
    for (const [bus, busBroker] of BUSES) {
      const runs = (await able(storeBroker)) && (await able(busBroker))
      test.runIf(runs)(`on the bus ${bus} over the store ${store}`, async () => {
        const reports = await testAdapter(stack(bus, store), { kinds: ['sync'], only: 'SYNC-MRG-10' })
        expect(reports).toMatchObject([{ ok: true, counts: { passed: 1, failed: 0, skipped: 0 } }])
      })
    }
  }
})
