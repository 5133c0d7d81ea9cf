import { readFileSync } from 'node:fs'
import { canTest, type RedisServer, startRedis } from '@sync/brokers'
import { createInstance, defineCollection, memoryBus } from '@sync/core'
import { redisBus, redisRelay, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const [, section = ''] = readme.split('\n## Permissions\n')
/** Every rule in code of the section, in the order of the text: all users, Streams, relays. */
const rules = [...(section.split('\n## ')[0] ?? '').matchAll(/[+~&][\w@*:]+/g)].map(([rule]) =>
  rule.replace('partition:', 'p:'),
)
const docs = defineCollection<{ n: number; extra?: number }>({ section: 's', ttl: '1h' })

describe.runIf(await canTest('the permissions in the README', { broker: 'redis', controllable: true }))(
  'a user with the permissions of the README',
  () => {
    let redis: RedisServer
    let admin: Redis
    beforeAll(async () => {
      redis = await startRedis()
      admin = new Redis(redis.url)
    })
    afterAll(async () => {
      admin.disconnect()
      await redis[Symbol.asyncDispose]()
    })

    const CASES = (['ioredis', 'redis'] as const).flatMap((client) =>
      (['pubsub', 'streams'] as const).map((transport) => [client, transport] as const),
    )

    it.each(CASES)('writes, reads and receives over %s and %s', async (client, transport) => {
      await admin.flushall()
      await admin.call('ACL', 'SETUSER', 'app', 'reset', 'on', '>pass', ...rules)
      const url = `${redis.url.replace('redis://', 'redis://app:pass@')}/2`
      for (const publish of ['writer', 'outbox'] as const) {
        const open = () =>
          createInstance({ store: redisStore(url, { client, publish }), bus: redisBus(url, { client, transport }) })
        await using writer = open()
        await using reader = open()
        await using bus = redisBus(url, { client, transport })
        await using relay = redisRelay(url, { client, bus: publish === 'outbox' ? bus : memoryBus() })
        const [writing, reading] = [writer, reader].map((each) => each.collection(docs, { partition: 'p' }))
        await writing?.set(publish, { n: 1, extra: 1 })
        expect(await reading?.get(publish)).toEqual({ n: 1, extra: 1 })
        await writing?.set(publish, { n: 2 }, { idempotencyKey: publish })
        await vi.waitFor(() => expect(reading?.peek(publish)).toEqual({ n: 2 }), { timeout: 5_000 })
        await writing?.delete(publish)
        await vi.waitFor(() => expect(reading?.peek(publish)).toBeUndefined(), { timeout: 5_000 })
        expect(await relay.backlog()).toMatchObject({ sections: expect.any(Number) })
      }
    })
  },
)
