import { canTest } from '@sync/brokers'
import { describeBusConformance, describeStoreConformance, describeSyncConformance } from '@sync/conformance'
import { describe, it } from 'vitest'
import { redisBusHarness } from './bus-harness.ts'
import { redisStoreHarness } from './store-harness.ts'
import { redisSyncHarness } from './sync-harness.ts'

const needs = { broker: 'redis', controllable: true } as const
const runner = { describe, it }

describe.runIf(await canTest('conformance of store and bus on Redis', needs))('Redis', () => {
  describeStoreConformance({ name: 'the store on Redis', createHarness: () => redisStoreHarness(), runner })
  describeBusConformance({ name: 'Redis Pub/Sub', createHarness: () => redisBusHarness('pubsub'), runner })
  describeBusConformance({ name: 'Redis Streams', createHarness: () => redisBusHarness('streams'), runner })
  describeSyncConformance({ name: 'store and bus on one Redis', createHarness: () => redisSyncHarness(), runner })
})
