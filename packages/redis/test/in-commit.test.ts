import { canTest, type RedisServer, startRedis } from '@sync/brokers'
import { createInstance, defineCollection } from '@sync/core'
import { type CommitRequest, type CommitResult, type EncodedChange, encodeFrames, type Head } from '@sync/core/adapter'
import { redisBus, redisStore } from '@sync/redis'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

let runs = 0

const texts = fc.dictionary(fc.string({ minLength: 1, unit: 'binary' }), fc.jsonValue(), { minKeys: 1, maxKeys: 3 })
const drawn = fc.record({
  key: fc.string({ minLength: 1, unit: 'binary' }),
  origin: fc.constantFrom('a', 'b"'),
  meta: fc.option(fc.dictionary(fc.string(), fc.string({ maxLength: 300 })), { nil: undefined }),
  value: fc.option(texts),
})

describe.runIf(await canTest('publishing within the commit', { broker: 'redis', controllable: true }))(
  'a commit that is published by its script',
  () => {
    let redis: RedisServer
    beforeAll(async () => {
      redis = await startRedis()
    })
    afterAll(() => redis[Symbol.asyncDispose]())

    test.each([
      [1_024, 'pubsub'],
      [1_048_576, 'pubsub'],
      [1_048_576, 'streams'],
    ] as const)('is framed as the codec frames it, in at most %i bytes, over %s', async (maxPayloadBytes, kind) => {
      await using store = redisStore(redis.url)
      await using bus = redisBus(redis.url, { maxPayloadBytes, transport: kind })
      if (!bus.inCommit) throw new Error('nothing is offered')
      store.publishInCommit?.(bus.inCommit)
      const property = fc.asyncProperty(fc.array(drawn, { minLength: 1, maxLength: 12 }), async (group) => {
        const section = { partition: 'frames', section: `s${++runs}` }
        const received: string[] = []
        await using _ = await bus.subscribe(section, (frame) => void received.push(String(frame)))
        const [head] = (await store.heads([{ scope: section }])) as [Head]
        const requests = group.map(({ key, origin, meta, value }, at): CommitRequest => {
          const fields = Object.entries(value ?? {}).map(([field, json]) => ({ field, whole: JSON.stringify(json) }))
          return {
            ref: { ...section, key },
            op: { id: `op${at}`, attempt: 1, idOrigin: head.state },
            epoch: head.state.epoch,
            origin,
            action: value === null ? 'delete' : 'write',
            fields,
            otherFields: 'keep',
            allowCreate: true,
            ...(meta && { meta }),
          }
        })
        const changes: EncodedChange[] = (await store.commit(requests)).map((result: CommitResult) => {
          if (result.status !== 'committed') throw new Error(`not committed: ${JSON.stringify(result)}`)
          expect(result.published).toBe(true)
          return result.change
        })
        const wanted = encodeFrames(changes, maxPayloadBytes).map(({ text }) => text)
        await vi.waitFor(() => expect(received).toEqual(wanted), { interval: 1 })
      })
      await fc.assert(property, { numRuns: 40 })
    })

    test('goes to its own channel where the section is followed by key', async () => {
      const docs = defineCollection<{ n: number }>({ section: 'by-key', ttl: 'never', subscribeBy: 'document' })
      await using a = createInstance({ store: redisStore(redis.url), bus: redisBus(redis.url) })
      await using b = createInstance({ store: redisStore(redis.url), bus: redisBus(redis.url) })
      const [x, y] = [a, b].map((each) => each.collection(docs, { partition: 'p' }))
      await x?.assign('k', { n: 1 })
      await y?.get('k')
      await x?.assign('k', { n: 2 })
      await vi.waitFor(() => expect(y?.peek('k')).toEqual({ n: 2 }), { interval: 1 })
    })

    test('is left to its writer where store and bus are two servers', async () => {
      await using other = await startRedis()
      const docs = defineCollection<{ n: number }>({ section: 'apart', ttl: 'never' })
      await using a = createInstance({ store: redisStore(redis.url), bus: redisBus(other.url) })
      await using b = createInstance({ store: redisStore(redis.url), bus: redisBus(other.url) })
      const [x, y] = [a, b].map((each) => each.collection(docs, { partition: 'p' }))
      await y?.get('k')
      await x?.assign('k', { n: 1 })
      await vi.waitFor(() => expect(y?.peek('k')).toEqual({ n: 1 }), { interval: 1 })
    })
  },
)
