import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { createMemoryHub, type MemoryHub, memoryBus } from '../../src/memory/index.ts'
import { ArgumentError, ClosedError } from '../../src/model/errors.ts'
import type { BusStatus, ChangeBus } from '../../src/transport/bus.ts'
import { decodeFrame } from '../../src/transport/decode.ts'
import { changeOf, listen, publish, SECTION, settled } from './listener.ts'
import { createManualRuntime } from './manual-runtime.ts'

let hub: MemoryHub
let bus: ChangeBus
let thrown: unknown[]
beforeEach(() => {
  thrown = []
  hub = createMemoryHub({ runtime: createManualRuntime(), onError: (error) => thrown.push(error) })
  bus = memoryBus(hub)
})

describe('publish()', () => {
  it('delivers to every subscriber of every client once, including the publisher', async () => {
    const listeners = await Promise.all([bus, bus, memoryBus(hub), memoryBus(hub)].map((client) => listen(client)))
    await publish(bus, 1, 2, 3)
    await settled()
    expect(listeners.map(({ received }) => received)).toEqual(Array(4).fill([1, 2, 3]))
  })

  it('delivers nothing within the call itself', async () => {
    const { received } = await listen(bus)
    const sent = bus.publish(SECTION, [changeOf(1)])
    expect(received).toEqual([])
    await sent
    await settled()
    expect(received).toEqual([1])
  })

  it('delivers in one order to every subscriber, awaited or not, from any publisher', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ by: fc.nat(2), wait: fc.boolean(), size: fc.integer({ min: 1, max: 3 }) })),
        async (sends) => {
          const sharedHub = createMemoryHub()
          const clients = [memoryBus(sharedHub), memoryBus(sharedHub), memoryBus(sharedHub)]
          const listeners = await Promise.all(clients.map((client) => listen(client)))
          let sequence = 0
          for (const { by, wait, size } of sends) {
            const sent = clients[by]?.publish(
              SECTION,
              Array.from({ length: size }, () => changeOf(++sequence)),
            )
            if (wait) await sent
          }
          await settled()
          const all = Array.from({ length: sequence }, (_, i) => i + 1)
          expect(listeners.map(({ received }) => received)).toEqual([all, all, all])
        },
      ),
      { numRuns: 50 },
    )
  })

  it('sends the changes of a call in as few frames as the size allows', async () => {
    const sizes: number[] = []
    const small = memoryBus(createMemoryHub({ maxPayloadBytes: 100 }))
    await small.subscribe(SECTION, (frame) => sizes.push(frame.length))
    const listener = await listen(small)
    await small.publish(
      SECTION,
      [1, 2, 3, 4, 5].map((n) => changeOf(n)),
    )
    await settled()
    expect(listener.received).toEqual([1, 2, 3, 4, 5])
    expect(sizes.length).toBe(2)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(100)
  })

  it('sends nothing when there are no changes', async () => {
    const { received } = await listen(bus)
    await bus.publish(SECTION, [])
    await settled()
    expect(received).toEqual([])
  })

  it('retains nothing for later subscribers', async () => {
    await publish(bus, 1)
    const { received } = await listen(bus)
    await settled()
    expect(received).toEqual([])
  })
})

describe('scopes', () => {
  const scopes = [
    SECTION,
    { ...SECTION, key: 'k' },
    { ...SECTION, key: 'l' },
    { ...SECTION, key: '*' },
    { ...SECTION, key: '>' },
    { ...SECTION, section: 'product/k' },
    { ...SECTION, section: 'product:k' },
    { ...SECTION, section: '*' },
    { partition: 'e', section: 'uproduct' },
    { partition: '*', section: 'product' },
    { partition: 'eu:product', section: 'k' },
    { partition: 'eu', section: 'product', key: '\u00e9' },
    { partition: 'eu', section: 'product', key: 'e\u0301' },
  ]

  it('receive exactly the changes published to them, regardless of special characters in their names', async () => {
    const listeners = await Promise.all(scopes.map((scope) => listen(bus, scope)))
    for (const [i, scope] of scopes.entries()) await bus.publish(scope, [changeOf(i)])
    await settled()
    expect(listeners.map(({ received }) => received)).toEqual(scopes.map((_, i) => [i]))
  })

  it.each([
    { partition: '', section: 's' },
    { partition: 'p', section: '' },
    { partition: 'p', section: 's', key: '' },
  ])('are rejected when a name is empty: %o', async (scope) => {
    await expect(bus.subscribe(scope, () => {})).rejects.toBeInstanceOf(ArgumentError)
    await expect(bus.publish(scope, [])).rejects.toBeInstanceOf(ArgumentError)
  })
})

describe('subscribe()', () => {
  it('is live when it resolves', async () => {
    for (let i = 0; i < 5; i++) {
      const { received } = await listen(bus)
      await publish(bus, i)
      await settled()
      expect(received).toEqual([i])
    }
  })

  it('delivers nothing after stop(), not even frames in flight, while others still receive them', async () => {
    const [one, other] = [await listen(bus), await listen(bus)]
    await publish(bus, 1)
    await settled()
    const sent = publish(bus, 2)
    await one.stop()
    await one.stop()
    await sent
    await settled()
    expect([one.received, other.received]).toEqual([[1], [1, 2]])
  })

  it('can be stopped inside its handler', async () => {
    let calls = 0
    const subscription = await bus.subscribe(SECTION, () => {
      calls++
      void subscription.stop()
    })
    await bus.publish(SECTION, [changeOf(1)])
    await publish(bus, 2)
    await settled()
    await publish(bus, 3)
    await settled()
    expect(calls).toBe(1)
  })

  it('can be stopped inside the handler of another subscription', async () => {
    const second = { stop: async (): Promise<void> => {} }
    await bus.subscribe(SECTION, () => void second.stop())
    const other = await listen(bus)
    second.stop = other.stop
    await publish(bus, 1)
    await settled()
    expect(other.received).toEqual([])
  })

  it('can be called inside a handler', async () => {
    const late: Promise<{ received: number[] }>[] = []
    const first = await bus.subscribe(SECTION, () => void late.push(listen(bus)))
    await publish(bus, 1)
    await settled()
    await first.stop()
    await publish(bus, 2)
    await settled()
    expect((await Promise.all(late)).map(({ received }) => received)).toEqual([[2]])
  })

  it('ends with its signal, and rejects a signal that has already aborted', async () => {
    const abort = new AbortController()
    let calls = 0
    await bus.subscribe(SECTION, () => calls++, { signal: abort.signal })
    await publish(bus, 1)
    await settled()
    abort.abort()
    await publish(bus, 2)
    await settled()
    expect(calls).toBe(1)
    await expect(bus.subscribe(SECTION, () => {}, { signal: abort.signal })).rejects.toMatchObject({
      code: 'SYNC_ABORTED',
    })
  })

  it('ends with its `using` block', async () => {
    let received: number[]
    {
      await using listener = await listen(bus)
      received = listener.received
    }
    await publish(bus, 1)
    await settled()
    expect(received).toEqual([])
  })

  it('rejects a start in the past', async () => {
    await expect(bus.subscribe(SECTION, () => {}, { after: '1' })).rejects.toBeInstanceOf(ArgumentError)
  })

  it('continues, reports the error and affects no other when its handler throws', async () => {
    const before = await listen(bus)
    let calls = 0
    await bus.subscribe(SECTION, () => {
      calls++
      throw new Error(`call ${calls}`)
    })
    const after = await listen(bus)
    await publish(bus, 1, 2)
    await settled()
    expect([before.received, after.received, calls]).toEqual([[1, 2], [1, 2], 2])
    expect(thrown).toEqual([new Error('call 1'), new Error('call 2')])
  })

  it('delays no other subscription when its handler publishes', async () => {
    let left = 50
    await bus.subscribe(SECTION, () => {
      if (left-- > 0) void bus.publish(SECTION, [changeOf(left)])
    })
    const other = await listen(bus, { ...SECTION, key: 'k' })
    await publish(bus, 100)
    await bus.publish({ ...SECTION, key: 'k' }, [changeOf(1)])
    while (other.received.length === 0) await Promise.resolve()
    expect(left).toBeGreaterThan(0)
    await settled()
    expect(left).toBeLessThanOrEqual(0)
  })

  it('serves a thousand subscriptions and leaves nothing behind', async () => {
    const listeners = await Promise.all(Array.from({ length: 1_000 }, () => listen(bus)))
    await publish(bus, 1, 2)
    await settled()
    expect(listeners.every(({ received }) => received.join() === '1,2')).toBe(true)
    await Promise.all(listeners.map(({ stop }) => stop()))
    await publish(bus, 3)
    await settled()
    expect(listeners.some(({ received }) => received.length > 2)).toBe(false)
  })
})

describe('memoryBus()', () => {
  it('rejects every call after close(), while other clients continue', async () => {
    const other = memoryBus(hub)
    const [mine, theirs] = [await listen(bus), await listen(other)]
    await bus.close()
    await bus.close()
    await expect(publish(bus, 1)).rejects.toBeInstanceOf(ClosedError)
    await expect(listen(bus)).rejects.toBeInstanceOf(ClosedError)
    await publish(other, 2)
    await settled()
    expect([mine.received, theirs.received]).toEqual([[], [2]])
  })

  it('delivers no frames in flight after close()', async () => {
    const { received } = await listen(bus)
    await publish(memoryBus(hub), 1)
    const sent = publish(memoryBus(hub), 2)
    await bus.close()
    const before = received.length
    await sent
    await settled()
    expect(received.length).toBe(before)
  })

  it('reports connected and closed to each registered listener', async () => {
    const statuses: BusStatus[] = []
    const listener = (status: BusStatus): void => void statuses.push(status)
    const own = memoryBus(hub)
    const stop = own.onStatus(listener)
    own.onStatus(listener)
    expect(statuses).toEqual([])
    await settled()
    expect(statuses).toEqual(['connected', 'connected'])
    stop()
    stop()
    {
      await using _ = own
    }
    expect(statuses).toEqual(['connected', 'connected', 'closed'])
  })

  it('returns its capabilities', () => {
    expect(memoryBus().capabilities).toEqual({
      delivery: 'at-most-once',
      replay: 'none',
      ordering: 'per-section',
      durability: 'sent',
      whenDown: 'reject',
      live: 'at-once',
      echo: true,
      maxPayloadBytes: 1_048_576,
    })
    expect(memoryBus(createMemoryHub({ maxPayloadBytes: 99 })).capabilities.maxPayloadBytes).toBe(99)
  })

  it('delivers frames exactly as the codec created them', async () => {
    const got: (string | Uint8Array)[] = []
    await bus.subscribe(SECTION, (frame, offset) => {
      expect(offset).toBeUndefined()
      got.push(frame)
    })
    await bus.publish(SECTION, [changeOf(1), changeOf(2)])
    await settled()
    expect(got).toHaveLength(1)
    expect(decodeFrame(got[0] ?? '')).toMatchObject({ malformed: 0, changes: [{ sequence: 1 }, { sequence: 2 }] })
    expect(thrown).toEqual([])
  })
})
