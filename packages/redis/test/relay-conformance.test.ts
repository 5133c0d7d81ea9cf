import { canTest } from '@sync/brokers'
import { describeSyncConformance } from '@sync/conformance'
import { describe, it } from 'vitest'
import { redisSyncHarness } from './sync-harness.ts'

describe.runIf(await canTest('conformance of a Redis store with a relay', { broker: 'redis', controllable: true }))(
  'Redis',
  () => {
    describeSyncConformance({
      name: 'a store, a relay and a bus',
      createHarness: () => redisSyncHarness({ relayed: true }),
      runner: { describe, it },
    })
  },
)
