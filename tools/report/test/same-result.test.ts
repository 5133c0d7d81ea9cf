import { type BrokerName, canTest } from '@sync/brokers'
import { type Adapter, testAdapter } from '@sync/conformance'
import { describe, expect, test } from 'vitest'
import { repositoryAdapters } from '../src/adapters.ts'

const adapters = await repositoryAdapters()

const adapterOf = (name: string): Adapter => {
  const adapter = adapters.find((each) => each.name === name)
  if (!adapter) throw new Error(`no adapter is named ${name}`)
  return adapter
}

/** Adapters with a bus, and the broker that each needs. */
const BUSES: readonly (readonly [name: string, broker: BrokerName | undefined])[] = [
  ['memory', undefined],
  ['redis', 'redis'],
  ['redis-streams', 'redis'],
  ['NATS core', 'nats'],
  ['JetStream', 'nats'],
  ['kafkajs', 'kafka'],
  ['kafka-platformatic', 'kafka'],
]

/** Adapters with a store, and the broker that each needs. */
const STORES: readonly (readonly [name: string, broker: BrokerName | undefined])[] = [
  ['memory', undefined],
  ['redis', 'redis'],
]

const isAvailable = async (broker: BrokerName | undefined): Promise<boolean> =>
  broker === undefined || (await canTest('equal results on every store and bus', { broker, controllable: true }))

/** Combines the named bus and store. An omitted half is in-memory, on the clock of the other half. */
const stack = (bus: string, store: string): Adapter => ({
  name: `${bus} over ${store}`,
  ...(bus !== 'memory' && { bus: adapterOf(bus).bus }),
  ...(store !== 'memory' && { store: adapterOf(store).store }),
})

describe('SYNC-MRG-10', { timeout: 60_000 }, async () => {
  for (const [store, storeBroker] of STORES) {
    for (const [bus, busBroker] of BUSES) {
      const canRun = (await isAvailable(storeBroker)) && (await isAvailable(busBroker))
      test.runIf(canRun)(`produces the reference result on the bus ${bus} with the store ${store}`, async () => {
        const reports = await testAdapter(stack(bus, store), { kinds: ['sync'], only: 'SYNC-MRG-10' })
        expect(reports).toMatchObject([{ ok: true, counts: { passed: 1, failed: 0, skipped: 0 } }])
      })
    }
  }
})
