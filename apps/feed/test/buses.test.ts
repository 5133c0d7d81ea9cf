import { canTest, type ServerControls, startKafka, startNats, startRedis } from '@sync/brokers'
import { describe, expect, test, vi } from 'vitest'
import { startFeed } from './run-feed.ts'

const PER_SECOND = 6_000

interface Broker extends ServerControls, AsyncDisposable {
  readonly url: string
}

/** The whole feed, stored in Redis; what carries the changes dies while they flow, and comes back. */
async function expectConsistent(start: () => Promise<Broker>, query: string): Promise<void> {
  await using redis = await startRedis()
  await using broker = await start()
  const running = startFeed(['--store', redis.url, '--bus', broker.url + query, '--rate', `${PER_SECOND}`])
  await Promise.race([vi.waitUntil(() => running.out.includes('changes/s'), { timeout: 60_000 }), running.ended])
  await broker.kill()
  await broker.restart()
  const { code, out, error } = await running.ended
  // kafkajs once sets a timer that has passed already
  expect(error.replace(/^\(.*TimeoutNegativeWarning.*\n.*\n.*\n/, '')).toBe('')
  expect(out).toMatch(/^consistent: \d+ documents × 3 replicas$/m)
  expect(out).toContain('the bus: resumed')
  expect(code).toBe(0)
}

const timeout = 120_000
const redis = await canTest('the feed stored in Redis', { broker: 'redis', controllable: true })

describe.runIf(redis && (await canTest('the feed over NATS', { broker: 'nats', controllable: true })))(
  'the feed ends consistent when NATS dies and comes back',
  { timeout },
  () => {
    test('over plain subjects', () => expectConsistent(startNats, ''))
    test('over JetStream', () => expectConsistent(startNats, '?transport=jetstream'))
  },
)

describe.runIf(redis && (await canTest('the feed over Kafka', { broker: 'kafka', controllable: true })))(
  'the feed ends consistent when Kafka dies and comes back',
  { timeout },
  () => {
    test('by kafkajs', () => expectConsistent(startKafka, ''))
    test('by @platformatic/kafka', () => expectConsistent(startKafka, '?client=platformatic'))
  },
)
