import { canTest } from '@sync/brokers'
import { describeBusConformance, describeStoreConformance } from '@sync/conformance'
import { describe, it } from 'vitest'
import { redisBusHarness } from './bus-harness.ts'
import { redisStoreHarness } from './store-harness.ts'

const runner = { describe, it }
const variant = { client: 'redis' } as const
const needs = { broker: 'redis', controllable: true } as const

describe.runIf(await canTest('store and buses over node-redis', needs))('node-redis', () => {
  describeStoreConformance({
    name: 'the store over node-redis',
    createHarness: () => redisStoreHarness(variant),
    runner,
  })
  describeBusConformance({
    name: 'Pub/Sub over node-redis',
    createHarness: () => redisBusHarness('pubsub', variant),
    runner,
  })
  describeBusConformance({
    name: 'Streams over node-redis',
    createHarness: () => redisBusHarness('streams', variant),
    runner,
  })
})
