import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { createMemoryHub, type MemoryHub, memoryBus } from '../../src/memory/index.ts'
import type { BusStatus, ChangeBus } from '../../src/transport/bus.ts'
import { listen, publish, settled } from './listener.ts'
import { createManualRuntime, type ManualRuntime } from './manual-runtime.ts'

let runtime: ManualRuntime
let hub: MemoryHub
let bus: ChangeBus
beforeEach(() => {
  runtime = createManualRuntime()
  hub = createMemoryHub({ runtime })
  bus = memoryBus(hub)
})

/** Drives the clock on and lets happen what then can. */
async function advance(ms: number): Promise<void> {
  runtime.advance(ms)
  await settled()
}

describe('one subscriber', () => {
  test('misses as many frames as are dropped', async () => {
    const { heard } = await listen(bus)
    hub.bus.drop(2)
    await publish(bus, 1, 2, 3)
    await settled()
    expect(heard).toEqual([3])
  })

  test('hears repeated frames twice, one after the other', async () => {
    const { heard } = await listen(bus)
    hub.bus.repeat()
    await publish(bus, 1, 2)
    await settled()
    expect(heard).toEqual([1, 1, 2])
  })

  test('hears a reordered frame after the one that followed it', async () => {
    const { heard } = await listen(bus)
    hub.bus.reorder()
    await publish(bus, 1, 2, 3)
    await settled()
    expect(heard).toEqual([2, 1, 3])
  })

  test('hears two reordered frames as two exchanges', async () => {
    const { heard } = await listen(bus)
    hub.bus.reorder(2)
    await publish(bus, 1, 2, 3, 4, 5)
    await settled()
    expect(heard).toEqual([2, 1, 4, 3, 5])
  })

  test('hears a reordered frame that nothing follows all the same, a moment later', async () => {
    const { heard } = await listen(bus)
    hub.bus.reorder()
    await publish(bus, 1)
    await advance(19)
    expect(heard).toEqual([])
    await advance(1)
    expect(heard).toEqual([1])
    await publish(bus, 2)
    await settled()
    expect(heard).toEqual([1, 2])
  })

  test('suffers drops before repeats before reorderings', async () => {
    const { heard } = await listen(bus)
    hub.bus.reorder()
    hub.bus.repeat()
    hub.bus.drop()
    await publish(bus, 1, 2, 3, 4, 5)
    await settled()
    expect(heard).toEqual([2, 2, 4, 3, 5])
  })
})

test('a fault takes one delivery, not the frame: of several subscribers the first meets it', async () => {
  const [first, second] = [await listen(bus), await listen(memoryBus(hub))]
  hub.bus.drop()
  hub.bus.repeat()
  await publish(bus, 1, 2)
  await settled()
  expect([first.heard, second.heard]).toEqual([[2], [1, 1, 2]])
})

describe('chances', () => {
  test('of 1 meet everything, of 0 nothing', async () => {
    const { heard } = await listen(bus)
    hub.bus.setFaultRates({ drop: 1 })
    await publish(bus, 1, 2)
    hub.bus.setFaultRates({ repeat: 1 })
    await publish(bus, 3)
    hub.bus.setFaultRates({})
    await publish(bus, 4, 5)
    await settled()
    expect(heard).toEqual([3, 3, 4, 5])
  })

  test('meet about as many as they say, the same ones in every run of the same source', async () => {
    const run = async (): Promise<number[]> => {
      const common = createMemoryHub({ runtime: createManualRuntime() })
      const client = memoryBus(common)
      const { heard } = await listen(client)
      common.bus.setFaultRates({ drop: 0.25, repeat: 0.1 })
      await publish(client, ...Array.from({ length: 400 }, (_, i) => i))
      await settled()
      return heard
    }
    const heard = await run()
    expect(heard).toEqual(await run())
    expect(new Set(heard).size).toBeGreaterThan(260)
    expect(new Set(heard).size).toBeLessThan(340)
    expect(heard.length).toBeGreaterThan(new Set(heard).size)
  })

  test('switched off leave the source of randomness alone', async () => {
    let draws = 0
    const counted = createMemoryHub({ runtime: { ...runtime, random: () => draws++ * 0 } })
    const client = memoryBus(counted)
    await listen(client)
    counted.bus.setFaultRates({ drop: 0 })
    await publish(client, 1, 2)
    expect(draws).toBe(0)
  })

  test('repeat and reorder, but never lose or invent', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(30),
        async (repeat, reorder, n) => {
          const time = createManualRuntime()
          const common = createMemoryHub({ runtime: time })
          const client = memoryBus(common)
          const { heard } = await listen(client)
          common.bus.setFaultRates({ repeat, reorder })
          common.bus.delay(3, 7)
          const all = Array.from({ length: n }, (_, i) => i)
          await publish(client, ...all)
          for (let i = 0; i < 3; i++) {
            time.advance(20)
            await settled()
          }
          expect([...new Set(heard)].sort((a, b) => a - b)).toEqual(all)
          expect(time.pending).toBe(0)
        },
      ),
      { numRuns: 60 },
    )
  })

  test.each([{ drop: -0.1 }, { repeat: 1.1 }, { reorder: Number.NaN }])('%o is no probability', (chances) => {
    expect(() => hub.bus.setFaultRates(chances)).toThrow(Object.keys(chances)[0])
  })
})

describe('delay', () => {
  test('makes every frame arrive so much later, in order', async () => {
    const { heard } = await listen(bus)
    hub.bus.delay(10)
    await publish(bus, 1)
    runtime.advance(5)
    await publish(bus, 2)
    await advance(4)
    expect(heard).toEqual([])
    await advance(1)
    expect(heard).toEqual([1])
    await advance(5)
    expect(heard).toEqual([1, 2])
  })

  test('that ends, or varies, lets no frame overtake an earlier one', async () => {
    const { heard } = await listen(bus)
    hub.bus.delay(10)
    await publish(bus, 1)
    hub.bus.delay(0, 50)
    await publish(bus, 2, 3, 4, 5, 6)
    hub.bus.delay(0)
    await publish(bus, 7)
    await settled()
    expect(heard).toEqual([])
    await advance(60)
    expect(heard).toEqual([1, 2, 3, 4, 5, 6, 7])
  })

  test('leaves no timer behind where a subscription ends', async () => {
    const listener = await listen(bus)
    hub.bus.delay(10)
    hub.bus.reorder()
    await publish(bus, 1, 2, 3)
    expect(runtime.pending).toBeGreaterThan(0)
    await listener.stop()
    expect(runtime.pending).toBe(0)
  })

  test.each([[-1], [Number.NaN], [0, -1]])('of %d is refused', (ms, spread?: number) => {
    expect(() => hub.bus.delay(ms, spread)).toThrow('delay')
  })
})

describe('a pause', () => {
  test('holds every frame, and lets them go in order', async () => {
    const { heard } = await listen(bus)
    hub.bus.pause()
    await publish(bus, 1, 2)
    await advance(1_000)
    expect(heard).toEqual([])
    hub.bus.resume()
    await publish(bus, 3)
    await settled()
    expect(heard).toEqual([1, 2, 3])
  })

  test('from inside a handler takes effect at the next frame', async () => {
    let calls = 0
    await bus.subscribe({ partition: 'eu', section: 'product' }, () => {
      calls++
      hub.bus.pause()
    })
    // both are under way when the first is handed over
    await Promise.all([publish(bus, 1), publish(bus, 2)])
    for (const expected of [1, 2]) {
      await settled()
      expect(calls).toBe(expected)
      hub.bus.resume()
    }
  })
})

describe('when the subscribers are cut off', () => {
  test('they miss what is published meanwhile and what was under way; publishing goes on', async () => {
    const { heard } = await listen(bus)
    hub.bus.delay(10)
    await publish(bus, 1)
    hub.bus.interrupt()
    await publish(bus, 2)
    hub.bus.resume()
    await publish(bus, 3)
    await advance(100)
    expect(heard).toEqual([3])
  })

  test('every client hears it once, and when it is over', async () => {
    const told: BusStatus[][] = [[], []]
    for (const list of told) memoryBus(hub).onStatus((status) => list.push(status))
    await settled()
    hub.bus.interrupt()
    hub.bus.interrupt()
    hub.bus.resume()
    hub.bus.resume()
    expect(told).toEqual(Array(2).fill(['connected', 'interrupted', 'resumed']))
  })

  test('nobody can subscribe', async () => {
    hub.bus.interrupt()
    await expect(listen(bus)).rejects.toMatchObject({ code: 'SYNC_BUS_UNAVAILABLE', retryable: true })
    hub.bus.resume()
    const { heard } = await listen(bus)
    await publish(bus, 1)
    await settled()
    expect(heard).toEqual([1])
  })

  test('a client made meanwhile is connected afterwards, and not before', async () => {
    hub.bus.interrupt()
    const told: BusStatus[] = []
    memoryBus(hub).onStatus((status) => told.push(status))
    await settled()
    expect(told).toEqual([])
    hub.bus.resume()
    expect(told).toEqual(['connected'])
  })

  test('a client that has closed hears nothing of it', async () => {
    const told: BusStatus[] = []
    bus.onStatus((status) => told.push(status))
    await bus.close()
    hub.bus.interrupt()
    expect(told).toEqual(['closed'])
  })

  test('a listener that throws keeps it from no other', async () => {
    const thrown: unknown[] = []
    const common = createMemoryHub({ onError: (error) => thrown.push(error) })
    const told: BusStatus[] = []
    const client = memoryBus(common)
    client.onStatus(() => {
      throw new Error('bad listener')
    })
    client.onStatus((status) => told.push(status))
    await settled()
    common.bus.interrupt()
    expect(told).toEqual(['connected', 'interrupted'])
    expect(thrown).toHaveLength(2)
  })
})

describe('when the broker is away', () => {
  test('publishing is refused, and afterwards everything works as before', async () => {
    const { heard } = await listen(bus)
    hub.bus.makeUnavailable()
    await expect(publish(bus, 1)).rejects.toMatchObject({ code: 'SYNC_BUS_UNAVAILABLE', retryable: true })
    await expect(listen(bus)).rejects.toMatchObject({ code: 'SYNC_BUS_UNAVAILABLE' })
    hub.bus.makeAvailable()
    await publish(bus, 2)
    await settled()
    expect(heard).toEqual([2])
  })

  test('it counts as one interruption, however it overlaps with another', async () => {
    const told: BusStatus[] = []
    bus.onStatus((status) => told.push(status))
    hub.bus.makeUnavailable()
    hub.bus.interrupt()
    hub.bus.makeAvailable()
    expect(told).toEqual(['interrupted'])
    hub.bus.resume()
    expect(told).toEqual(['interrupted', 'resumed'])
  })
})
