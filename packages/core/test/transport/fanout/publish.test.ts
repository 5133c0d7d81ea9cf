import { ArgumentError, BusUnavailableError } from '@sync/core'
import { describe, expect, it } from 'vitest'
import { changeOf, SECTION } from '../../memory/listener.ts'
import { setUp } from './fanout-setup.ts'

const away = new BusUnavailableError('away')

describe('fanout().publish()', () => {
  it('sends to every bus, in order', async () => {
    const { a, b, clock, publish } = setUp()
    expect(publish(1, 2, 3)).toEqual(['open', 'open', 'open'])
    await clock.advance(0)
    expect([a.calls.flat(), b.calls.flat()]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ])
  })

  it('resolves when one bus has accepted; the other receives it in order when it is available again', async () => {
    const { a, b, clock, publish, failures } = setUp()
    b.publishing = away
    const outcomes = publish(1, 2)
    await clock.advance(100)
    expect(outcomes).toEqual(['published', 'published'])
    b.publishing = 'works'
    b.calls.length = 0
    publish(3)
    await clock.advance(1_000)
    expect([a.calls.flat(), b.calls.flat()]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ])
    expect(failures).toEqual([])
  })

  it('gives up after six refusals by one bus, reports it, and tries the next change again', async () => {
    const { b, clock, publish, failures } = setUp()
    b.publishing = away
    publish(1)
    await clock.advance(2_000)
    expect(b.calls).toEqual(Array(6).fill([1]))
    expect(failures).toEqual([{ operation: 'publish', scope: SECTION, changes: 1, error: away }])
    b.publishing = 'works'
    publish(2)
    await clock.advance(0)
    expect(b.calls.at(-1)).toEqual([2])
  })

  it('rejects when every bus has given up, and emits no failure', async () => {
    const { a, b, clock, publish, failures } = setUp()
    a.publishing = away
    b.publishing = away
    const outcomes = publish(1)
    await clock.advance(2_000)
    expect(outcomes).toEqual(['SYNC_BUS_UNAVAILABLE'])
    expect(a.calls.length + b.calls.length).toBe(12)
    expect(failures).toEqual([])
  })

  it('reports a bus that gave up before another one accepted', async () => {
    const { a, b, clock, publish, failures } = setUp()
    a.publishing = new ArgumentError('never')
    b.publishing = away
    const outcomes = publish(1)
    await clock.advance(0)
    expect([outcomes, failures]).toEqual([['open'], []])
    b.publishing = 'works'
    await clock.advance(100)
    expect(outcomes).toEqual(['published'])
    expect(failures).toMatchObject([{ operation: 'publish', changes: 1, error: { code: 'SYNC_ARGUMENT' } }])
  })

  it('does not retry after a permanent refusal', async () => {
    const { b, clock, publish } = setUp()
    b.publishing = new ArgumentError('never')
    publish(1)
    await clock.advance(2_000)
    expect(b.calls).toEqual([[1]])
  })

  it('delays no caller when one bus does not answer, and sends what waits for it in one call', async () => {
    const { a, b, clock, publish } = setUp()
    b.publishing = 'hangs'
    for (let sequence = 1; sequence <= 4; sequence++) {
      const outcome = publish(sequence)
      await clock.advance(10)
      expect(outcome).toEqual(['published'])
    }
    await clock.advance(60_000)
    expect([a.calls, b.calls]).toEqual([[[1], [2], [3], [4]], [[1]]])
    b.publishing = 'works'
    b.answer()
    await clock.advance(0)
    expect(b.calls).toEqual([[1], [2, 3, 4]])
  })

  it('retries the other buses while one does not answer', async () => {
    const { a, b, clock, publish } = setUp()
    b.publishing = 'hangs'
    a.publishing = away
    const outcomes = publish(1)
    await clock.advance(2_000)
    expect(outcomes).toEqual(['SYNC_BUS_UNAVAILABLE'])
    a.publishing = 'works'
    const again = publish(1)
    await clock.advance(0)
    expect(again).toEqual(['published'])
  })

  it('gives up and reports changes beyond 10,000 waiting ones', async () => {
    const { b, clock, bus, failures } = setUp()
    b.publishing = 'hangs'
    const many = Array.from({ length: 999 }, (_, i) => changeOf(i + 1))
    for (let at = 0; at < 12; at++) await bus.publish(SECTION, many)
    await clock.advance(0)
    expect(failures.map(({ changes, error }) => [changes, error.code])).toEqual(Array(10).fill([999, 'SYNC_LIMIT']))
    b.publishing = 'works'
    b.answer()
    await clock.advance(0)
    expect(b.calls.length).toBe(2)
  })

  it('resends refused changes in the same call, immediately when the bus reports that it has resumed', async () => {
    const { b, clock, publish } = setUp()
    b.publishing = 'hangs'
    publish(1, 2, 3)
    await clock.advance(0)
    b.publishing = away
    b.answer()
    await clock.advance(0)
    expect(b.calls).toEqual([[1], [2, 3]])
    publish(4)
    b.publishing = 'works'
    b.emit('resumed')
    await clock.advance(0)
    expect(b.calls).toEqual([[1], [2, 3], [2, 3], [4]])
  })

  it('does not let one section wait for another', async () => {
    const { a, b, clock, bus } = setUp()
    a.publishing = 'hangs'
    b.publishing = 'hangs'
    void bus.publish(SECTION, [changeOf(1)])
    await clock.advance(0)
    a.publishing = 'works'
    await bus.publish({ partition: 'eu', section: 'other' }, [changeOf(2)])
    expect(a.calls).toEqual([[1], [2]])
  })

  it("keeps the order of a section's changes when it is published by document", async () => {
    const { a, clock, bus } = setUp()
    a.publishing = 'hangs'
    for (const [key, sequence] of [
      ['x', 1],
      ['x', 2],
      ['x', 3],
      ['y', 4],
      ['x', 5],
    ] as const) {
      void bus.publish({ ...SECTION, key }, [changeOf(sequence, key)])
    }
    await clock.advance(0)
    a.publishing = 'works'
    a.answer()
    await clock.advance(0)
    expect(a.calls).toEqual([[1], [2, 3], [4], [5]])
  })

  it('rejects an invalid scope', async () => {
    const { bus } = setUp()
    await expect(bus.publish({ partition: '', section: 's' }, [changeOf(1)])).rejects.toMatchObject({
      code: 'SYNC_ARGUMENT',
    })
  })
})
