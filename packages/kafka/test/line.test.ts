import { expect, test } from 'vitest'
import { Line } from '../src/bus/line.ts'

const records = (n: number, value = 'v') => Array.from({ length: n }, (_, at) => ({ key: `${at}`, value }))

test('one batch is under way at a time, the next has all that waits', async () => {
  const batches: number[] = []
  const gate = Promise.withResolvers<void>()
  let underWay = 0
  const line = new Line({
    maxBytes: 10_000,
    async send(batch) {
      expect(++underWay).toBe(1)
      batches.push(batch.length)
      await gate.promise
      underWay--
    },
  })
  const first = records(2).map((record) => line.add(record))
  await undefined
  await undefined
  const then = records(5).map((record) => line.add(record))
  gate.resolve()
  await Promise.all([...first, ...then])
  await line.idle()
  expect(batches).toEqual([2, 5])
})

test('a batch is bounded in bytes, but has one record at the least', async () => {
  const batches: number[] = []
  const line = new Line({ maxBytes: 1_000, send: async (batch) => void batches.push(batch.length) })
  await Promise.all([...records(4, 'x'.repeat(400)), ...records(1, 'x'.repeat(4_000))].map((each) => line.add(each)))
  expect(batches).toEqual([2, 2, 1])
})

test('with a batch that is refused goes what waits behind it, and nothing else', async () => {
  const refused = new Error('refused')
  let calls = 0
  const line = new Line({
    maxBytes: 100,
    async send() {
      if (++calls === 1) throw refused
    },
  })
  const outcomes = await Promise.allSettled(records(3, 'x'.repeat(50)).map((each) => line.add(each)))
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  await line.add({ key: 'k', value: 'later' })
  expect(calls).toBe(2)
})
