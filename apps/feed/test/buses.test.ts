import { canTest, type ServerControls, startKafka, startNats, startRedis } from '@sync/brokers'
import { describe, expect, test, vi } from 'vitest'
import { startFeed } from './run-feed.ts'

const PER_SECOND = 6_000

interface Broker extends ServerControls, AsyncDisposable {
  readonly url: string
}

/** Replays the whole feed with Redis as store, and restarts the bus's broker while changes flow. */
async function expectConsistent(start: () => Promise<Broker>, query: string): Promise<void> {
  await using redis = await startRedis()
  await using broker = await start()
  const running = startFeed(['--store', redis.url, '--bus', broker.url + query, '--rate', `${PER_SECOND}`])
  await Promise.race([vi.waitUntil(() => running.out.includes('changes/s'), { timeout: 60_000 }), running.ended])
  await broker.kill()
  await broker.restart()
  const { code, out, error } = await running.ended
  // kafkajs sets a timer whose time has already passed
  expect(error.replace(/^\(.*TimeoutNegativeWarning.*\n.*\n.*\n/, '')).toBe('')
  expect(out).toMatch(/^consistent: \d+ documents × 3 replicas$/m)
  expect(out).toContain('bus resumed')
  expect(code).toBe(0)
}

const timeout = 120_000
const redis = await canTest('the feed stored in Redis', { broker: 'redis', controllable: true })

describe.runIf(redis && (await canTest('the feed over NATS', { broker: 'nats', controllable: true })))(
  'the feed, when NATS is killed and restarted',
  { timeout },
  () => {
    test('ends consistent over plain subjects', () => expectConsistent(startNats, ''))
    test('ends consistent over JetStream', () => expectConsistent(startNats, '?transport=jetstream'))
  },
)

describe.runIf(redis && (await canTest('the feed over Kafka', { broker: 'kafka', controllable: true })))(
  'the feed, when Kafka is killed and restarted',
  { timeout },
  () => {
    test('ends consistent with kafkajs', () => expectConsistent(startKafka, ''))
    test('ends consistent with @platformatic/kafka', () => expectConsistent(startKafka, '?client=platformatic'))
  },
)
