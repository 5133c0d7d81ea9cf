import { expect, test } from 'vitest'
import { PartitionQueue } from '../src/bus/partition-queue.ts'

const records = (n: number, value = 'v') => Array.from({ length: n }, (_, at) => ({ key: `${at}`, value }))

test('one batch is under way at a time, the next has all that waits', async () => {
  const batches: number[] = []
  const gate = Promise.withResolvers<void>()
  let inFlight = 0
  const queue = new PartitionQueue({
    maxBatchBytes: 10_000,
    async send(batch) {
      expect(++inFlight).toBe(1)
      batches.push(batch.length)
      await gate.promise
      inFlight--
    },
  })
  const first = records(2).map((record) => queue.enqueue(record))
  await undefined
  await undefined
  const second = records(5).map((record) => queue.enqueue(record))
  gate.resolve()
  await Promise.all([...first, ...second])
  await queue.whenIdle()
  expect(batches).toEqual([2, 5])
})

test('a batch is bounded in bytes, but has one record at the least', async () => {
  const batches: number[] = []
  const queue = new PartitionQueue({ maxBatchBytes: 1_000, send: async (batch) => void batches.push(batch.length) })
  await Promise.all(
    [...records(4, 'x'.repeat(400)), ...records(1, 'x'.repeat(4_000))].map((each) => queue.enqueue(each)),
  )
  expect(batches).toEqual([2, 2, 1])
})

test('with a batch that is refused goes what waits behind it, and nothing else', async () => {
  const refused = new Error('refused')
  let calls = 0
  const queue = new PartitionQueue({
    maxBatchBytes: 100,
    async send() {
      if (++calls === 1) throw refused
    },
  })
  const outcomes = await Promise.allSettled(records(3, 'x'.repeat(50)).map((each) => queue.enqueue(each)))
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  await queue.enqueue({ key: 'k', value: 'later' })
  expect(calls).toBe(2)
})
