import { canTest, type RedisServer, startRedis } from '@sync/brokers'
import { createInstance, defineCollection } from '@sync/core'
import { type CommitRequest, type CommitResult, type EncodedChange, encodeFrames, type Head } from '@sync/core/adapter'
import { redisBus, redisStore } from '@sync/redis'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

let runs = 0

const fieldValues = fc.dictionary(fc.string({ minLength: 1, unit: 'binary' }), fc.jsonValue(), {
  minKeys: 1,
  maxKeys: 3,
})
const arbitraryWrite = fc.record({
  key: fc.string({ minLength: 1, unit: 'binary' }),
  origin: fc.constantFrom('a', 'b"'),
  meta: fc.option(fc.dictionary(fc.string(), fc.string({ maxLength: 300 })), { nil: undefined }),
  value: fc.option(fieldValues),
})

describe.runIf(await canTest('publishing within the commit', { broker: 'redis', controllable: true }))(
  'store.publishInCommit()',
  () => {
    let redis: RedisServer
    beforeAll(async () => {
      redis = await startRedis()
    })
    afterAll(() => redis[Symbol.asyncDispose]())

    it.each([
      [1_024, 'pubsub'],
      [1_048_576, 'pubsub'],
      [1_048_576, 'streams'],
    ] as const)(
      'publishes the same frames as the codec, of at most %i bytes, over %s',
      async (maxPayloadBytes, kind) => {
        await using store = redisStore(redis.url)
        await using bus = redisBus(redis.url, { maxPayloadBytes, transport: kind })
        if (!bus.inCommit) throw new Error('the bus has no inCommit')
        store.publishInCommit?.(bus.inCommit)
        const property = fc.asyncProperty(fc.array(arbitraryWrite, { minLength: 1, maxLength: 12 }), async (group) => {
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
          const expected = encodeFrames(changes, maxPayloadBytes).map(({ text }) => text)
          await vi.waitFor(() => expect(received).toEqual(expected), { interval: 1 })
        })
        await fc.assert(property, { numRuns: 40 })
      },
    )

    it("publishes on the document's channel with subscribeBy: 'document'", async () => {
      const docs = defineCollection<{ n: number }>({ section: 'by-key', ttl: 'never', subscribeBy: 'document' })
      await using writerInstance = createInstance({ store: redisStore(redis.url), bus: redisBus(redis.url) })
      await using readerInstance = createInstance({ store: redisStore(redis.url), bus: redisBus(redis.url) })
      const [writer, reader] = [writerInstance, readerInstance].map((each) => each.collection(docs, { partition: 'p' }))
      await writer?.assign('k', { n: 1 })
      await reader?.get('k')
      await writer?.assign('k', { n: 2 })
      await vi.waitFor(() => expect(reader?.peek('k')).toEqual({ n: 2 }), { interval: 1 })
    })

    it('leaves publishing to the writer when store and bus are on different servers', async () => {
      await using other = await startRedis()
      const docs = defineCollection<{ n: number }>({ section: 'apart', ttl: 'never' })
      await using writerInstance = createInstance({ store: redisStore(redis.url), bus: redisBus(other.url) })
      await using readerInstance = createInstance({ store: redisStore(redis.url), bus: redisBus(other.url) })
      const [writer, reader] = [writerInstance, readerInstance].map((each) => each.collection(docs, { partition: 'p' }))
      await reader?.get('k')
      await writer?.assign('k', { n: 1 })
      await vi.waitFor(() => expect(reader?.peek('k')).toEqual({ n: 1 }), { interval: 1 })
    })
  },
)
