import { canTest, type RedisServer, startRedis } from '@sync/brokers'
import { Redis } from 'ioredis'
import { describe, expect, test, vi } from 'vitest'
import { startFeed } from './run-feed.ts'

const PER_SECOND = 6_000

/** Runs the whole feed over Redis; `meanwhile` happens as soon as changes flow. */
async function expectConsistent(bus: string, meanwhile: (redis: RedisServer) => Promise<Disposable | void>) {
  await using redis = await startRedis()
  const running = startFeed(['--store', redis.url, '--bus', redis.url + bus, '--rate', `${PER_SECOND}`])
  await Promise.race([vi.waitUntil(() => running.out.includes('changes/s'), { timeout: 60_000 }), running.ended])
  using _ = (await meanwhile(redis)) ?? { [Symbol.dispose]() {} }
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

/** Every second the server drops whoever listens. */
async function dropListeners({ url }: RedisServer): Promise<Disposable> {
  const admin = new Redis(url)
  // one may be under way when the admin leaves
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
    test('ends consistent when the server is killed and comes back halfway', async () => {
      const out = await expectConsistent('', killAndRestart)
      expect(out).toContain('the store is back')
    })

    test('ends consistent when every subscription is killed every second', async () => {
      const out = await expectConsistent('', dropListeners)
      expect(out).toContain('the bus: resumed')
    })

    test('ends consistent over Streams when the server is killed and comes back halfway', async () => {
      const out = await expectConsistent('?transport=streams', killAndRestart)
      expect(out).toContain('the store is back')
    })
  },
)
