import { canTest, type RedisServer, startRedis } from '@sync/brokers'
import { Redis } from 'ioredis'
import { describe, expect, test, vi } from 'vitest'
import { startFeed } from './run-feed.ts'

const PER_SECOND = 6_000

/** Runs the whole feed over Redis. `fault` is injected as soon as changes flow. */
async function expectConsistent(bus: string, fault: (redis: RedisServer) => Promise<Disposable | void>) {
  await using redis = await startRedis()
  const running = startFeed(['--store', redis.url, '--bus', redis.url + bus, '--rate', `${PER_SECOND}`])
  await Promise.race([vi.waitUntil(() => running.out.includes('changes/s'), { timeout: 60_000 }), running.ended])
  using _ = (await fault(redis)) ?? { [Symbol.dispose]() {} }
  const { code, out, error } = await running.ended
  expect(error).toBe('')
  expect(out).toMatch(/^consistent: \d+ documents × 3 replicas$/m)
  expect(code).toBe(0)
  return out
}

async function killAndRestart(redis: RedisServer): Promise<void> {
  await redis.kill()
  await redis.restart()
}

/** Disconnects all subscribers every second. */
async function dropSubscribers({ url }: RedisServer): Promise<Disposable> {
  const admin = new Redis(url)
  // one command may be in flight when the admin client disconnects
  const drop = (): void => void admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub').catch(() => {})
  drop()
  const timer = setInterval(drop, 1_000)
  return {
    [Symbol.dispose]() {
      clearInterval(timer)
      admin.disconnect()
    },
  }
}

describe.runIf(await canTest('the feed over Redis', { broker: 'redis', controllable: true }))(
  'the feed over Redis',
  { timeout: 120_000 },
  () => {
    test('ends consistent when the server is killed and restarted during the run', async () => {
      const out = await expectConsistent('', killAndRestart)
      expect(out).toContain('the store is available again')
    })

    test('ends consistent when every subscription is killed every second', async () => {
      const out = await expectConsistent('', dropSubscribers)
      expect(out).toContain('bus resumed')
    })

    test('ends consistent over Streams when the server is killed and restarted during the run', async () => {
      const out = await expectConsistent('?transport=streams', killAndRestart)
      expect(out).toContain('the store is available again')
    })
  },
)
