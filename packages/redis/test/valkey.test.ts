import { canTest } from '@sync/brokers'
import { describeBusConformance, describeStoreConformance } from '@sync/conformance'
import { describe, it } from 'vitest'
import { redisBusHarness } from './bus-harness.ts'
import { redisStoreHarness } from './store-harness.ts'

const runner = { describe, it }

describe.runIf(await canTest('conformance of store and buses on Valkey', { broker: 'valkey', controllable: true }))(
  'Valkey',
  () => {
    describeStoreConformance({
      name: 'the store on Valkey',
      createHarness: () => redisStoreHarness({ flavor: 'valkey' }),
      runner,
    })
    describeBusConformance({
      name: 'Valkey Pub/Sub',
      createHarness: () => redisBusHarness('pubsub', { flavor: 'valkey' }),
      runner,
    })
    describeBusConformance({
      name: 'Valkey Streams',
      createHarness: () => redisBusHarness('streams', { flavor: 'valkey' }),
      runner,
    })
  },
)
