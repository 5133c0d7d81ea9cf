import { describe, expect, it } from 'vitest'
import { PartitionQueue } from '../src/bus/partition-queue.ts'

const records = (n: number, value = 'v') => Array.from({ length: n }, (_, at) => ({ key: `${at}`, value }))

describe('PartitionQueue.enqueue()', () => {
  it('sends one batch at a time, and combines all waiting records in the next', async () => {
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

  it('limits a batch to maxBatchBytes, but always sends at least one record', async () => {
    const batches: number[] = []
    const queue = new PartitionQueue({ maxBatchBytes: 1_000, send: async (batch) => void batches.push(batch.length) })
    await Promise.all(
      [...records(4, 'x'.repeat(400)), ...records(1, 'x'.repeat(4_000))].map((record) => queue.enqueue(record)),
    )
    expect(batches).toEqual([2, 2, 1])
  })

  it('rejects a failed batch and the records that wait behind it, and sends later records', async () => {
    let calls = 0
    const queue = new PartitionQueue({
      maxBatchBytes: 100,
      async send() {
        if (++calls === 1) throw new Error('rejected')
      },
    })
    const outcomes = await Promise.allSettled(records(3, 'x'.repeat(50)).map((record) => queue.enqueue(record)))
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    await queue.enqueue({ key: 'k', value: 'later' })
    expect(calls).toBe(2)
  })
})
