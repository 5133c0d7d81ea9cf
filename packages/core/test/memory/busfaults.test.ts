import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
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

/** Advances the clock and waits for the effects. */
async function advance(ms: number): Promise<void> {
  runtime.advance(ms)
  await settled()
}

describe('memoryBus() with faults for one subscriber', () => {
  it('drops as many frames as requested', async () => {
    const { received } = await listen(bus)
    hub.bus.drop(2)
    await publish(bus, 1, 2, 3)
    await settled()
    expect(received).toEqual([3])
  })

  it('delivers repeated frames twice in a row', async () => {
    const { received } = await listen(bus)
    hub.bus.repeat()
    await publish(bus, 1, 2)
    await settled()
    expect(received).toEqual([1, 1, 2])
  })

  it('delivers a reordered frame after the one that followed it', async () => {
    const { received } = await listen(bus)
    hub.bus.reorder()
    await publish(bus, 1, 2, 3)
    await settled()
    expect(received).toEqual([2, 1, 3])
  })

  it('delivers two reordered frames as two swaps', async () => {
    const { received } = await listen(bus)
    hub.bus.reorder(2)
    await publish(bus, 1, 2, 3, 4, 5)
    await settled()
    expect(received).toEqual([2, 1, 4, 3, 5])
  })

  it('delivers a reordered frame after a moment when no frame follows it', async () => {
    const { received } = await listen(bus)
    hub.bus.reorder()
    await publish(bus, 1)
    await advance(19)
    expect(received).toEqual([])
    await advance(1)
    expect(received).toEqual([1])
    await publish(bus, 2)
    await settled()
    expect(received).toEqual([1, 2])
  })

  it('applies drops before repeats before reorderings', async () => {
    const { received } = await listen(bus)
    hub.bus.reorder()
    hub.bus.repeat()
    hub.bus.drop()
    await publish(bus, 1, 2, 3, 4, 5)
    await settled()
    expect(received).toEqual([2, 2, 4, 3, 5])
  })
})

describe('memoryBus() with faults for several subscribers', () => {
  it('applies a fault to one delivery, that of the first subscriber', async () => {
    const [first, second] = [await listen(bus), await listen(memoryBus(hub))]
    hub.bus.drop()
    hub.bus.repeat()
    await publish(bus, 1, 2)
    await settled()
    expect([first.received, second.received]).toEqual([[2], [1, 1, 2]])
  })
})

describe('setFaultRates()', () => {
  it('affects every frame at 1 and none at 0', async () => {
    const { received } = await listen(bus)
    hub.bus.setFaultRates({ drop: 1 })
    await publish(bus, 1, 2)
    hub.bus.setFaultRates({ repeat: 1 })
    await publish(bus, 3)
    hub.bus.setFaultRates({})
    await publish(bus, 4, 5)
    await settled()
    expect(received).toEqual([3, 3, 4, 5])
  })

  it('affects about the stated share of frames, the same ones in every run with the same random source', async () => {
    const run = async (): Promise<number[]> => {
      const sharedHub = createMemoryHub({ runtime: createManualRuntime() })
      const client = memoryBus(sharedHub)
      const { received } = await listen(client)
      sharedHub.bus.setFaultRates({ drop: 0.25, repeat: 0.1 })
      await publish(client, ...Array.from({ length: 400 }, (_, i) => i))
      await settled()
      return received
    }
    const received = await run()
    expect(received).toEqual(await run())
    expect(new Set(received).size).toBeGreaterThan(260)
    expect(new Set(received).size).toBeLessThan(340)
    expect(received.length).toBeGreaterThan(new Set(received).size)
  })

  it('draws no random numbers when every rate is 0', async () => {
    let draws = 0
    const counted = createMemoryHub({ runtime: { ...runtime, random: () => draws++ * 0 } })
    const client = memoryBus(counted)
    await listen(client)
    counted.bus.setFaultRates({ drop: 0 })
    await publish(client, 1, 2)
    expect(draws).toBe(0)
  })

  it('repeats and reorders frames without losing or inventing any', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(30),
        async (repeat, reorder, n) => {
          const time = createManualRuntime()
          const sharedHub = createMemoryHub({ runtime: time })
          const client = memoryBus(sharedHub)
          const { received } = await listen(client)
          sharedHub.bus.setFaultRates({ repeat, reorder })
          sharedHub.bus.delay(3, 7)
          const all = Array.from({ length: n }, (_, i) => i)
          await publish(client, ...all)
          for (let i = 0; i < 3; i++) {
            time.advance(20)
            await settled()
          }
          expect([...new Set(received)].sort((a, b) => a - b)).toEqual(all)
          expect(time.pending).toBe(0)
        },
      ),
      { numRuns: 60 },
    )
  })

  it.each([{ drop: -0.1 }, { repeat: 1.1 }, { reorder: Number.NaN }])('rejects %o as a probability', (chances) => {
    expect(() => hub.bus.setFaultRates(chances)).toThrow(Object.keys(chances)[0])
  })
})

describe('delay()', () => {
  it('delivers every frame that much later, in order', async () => {
    const { received } = await listen(bus)
    hub.bus.delay(10)
    await publish(bus, 1)
    runtime.advance(5)
    await publish(bus, 2)
    await advance(4)
    expect(received).toEqual([])
    await advance(1)
    expect(received).toEqual([1])
    await advance(5)
    expect(received).toEqual([1, 2])
  })

  it('lets no frame overtake an earlier one when the delay ends or varies', async () => {
    const { received } = await listen(bus)
    hub.bus.delay(10)
    await publish(bus, 1)
    hub.bus.delay(0, 50)
    await publish(bus, 2, 3, 4, 5, 6)
    hub.bus.delay(0)
    await publish(bus, 7)
    await settled()
    expect(received).toEqual([])
    await advance(60)
    expect(received).toEqual([1, 2, 3, 4, 5, 6, 7])
  })

  it('leaves no timer behind when a subscription stops', async () => {
    const listener = await listen(bus)
    hub.bus.delay(10)
    hub.bus.reorder()
    await publish(bus, 1, 2, 3)
    expect(runtime.pending).toBeGreaterThan(0)
    await listener.stop()
    expect(runtime.pending).toBe(0)
  })

  it.each([[-1], [Number.NaN], [0, -1]])('rejects a delay of %d', (ms, spread?: number) => {
    expect(() => hub.bus.delay(ms, spread)).toThrow('delay')
  })
})

describe('pause()', () => {
  it('holds every frame until resume(), then delivers them in order', async () => {
    const { received } = await listen(bus)
    hub.bus.pause()
    await publish(bus, 1, 2)
    await advance(1_000)
    expect(received).toEqual([])
    hub.bus.resume()
    await publish(bus, 3)
    await settled()
    expect(received).toEqual([1, 2, 3])
  })

  it('takes effect at the next frame when called inside a handler', async () => {
    let calls = 0
    await bus.subscribe({ partition: 'eu', section: 'product' }, () => {
      calls++
      hub.bus.pause()
    })
    // both are in flight when the first is delivered
    await Promise.all([publish(bus, 1), publish(bus, 2)])
    for (const expected of [1, 2]) {
      await settled()
      expect(calls).toBe(expected)
      hub.bus.resume()
    }
  })
})

describe('interrupt()', () => {
  it('loses frames published or in flight during the interruption, while publishing continues', async () => {
    const { received } = await listen(bus)
    hub.bus.delay(10)
    await publish(bus, 1)
    hub.bus.interrupt()
    await publish(bus, 2)
    hub.bus.resume()
    await publish(bus, 3)
    await advance(100)
    expect(received).toEqual([3])
  })

  it('reports one interruption and one resumption to every client', async () => {
    const statusesByClient: BusStatus[][] = [[], []]
    for (const statuses of statusesByClient) memoryBus(hub).onStatus((status) => statuses.push(status))
    await settled()
    hub.bus.interrupt()
    hub.bus.interrupt()
    hub.bus.resume()
    hub.bus.resume()
    expect(statusesByClient).toEqual(Array(2).fill(['connected', 'interrupted', 'resumed']))
  })

  it('rejects subscriptions until resume()', async () => {
    hub.bus.interrupt()
    await expect(listen(bus)).rejects.toMatchObject({ code: 'SYNC_BUS_UNAVAILABLE', retryable: true })
    hub.bus.resume()
    const { received } = await listen(bus)
    await publish(bus, 1)
    await settled()
    expect(received).toEqual([1])
  })

  it('connects a new client only after resume()', async () => {
    hub.bus.interrupt()
    const statuses: BusStatus[] = []
    memoryBus(hub).onStatus((status) => statuses.push(status))
    await settled()
    expect(statuses).toEqual([])
    hub.bus.resume()
    expect(statuses).toEqual(['connected'])
  })

  it('reports nothing to a closed client', async () => {
    const statuses: BusStatus[] = []
    bus.onStatus((status) => statuses.push(status))
    await bus.close()
    hub.bus.interrupt()
    expect(statuses).toEqual(['closed'])
  })

  it('reports to every listener when another one throws', async () => {
    const thrown: unknown[] = []
    const sharedHub = createMemoryHub({ onError: (error) => thrown.push(error) })
    const statuses: BusStatus[] = []
    const client = memoryBus(sharedHub)
    client.onStatus(() => {
      throw new Error('bad listener')
    })
    client.onStatus((status) => statuses.push(status))
    await settled()
    sharedHub.bus.interrupt()
    expect(statuses).toEqual(['connected', 'interrupted'])
    expect(thrown).toHaveLength(2)
  })
})

describe('makeUnavailable()', () => {
  it('rejects publishing and subscribing until makeAvailable()', async () => {
    const { received } = await listen(bus)
    hub.bus.makeUnavailable()
    await expect(publish(bus, 1)).rejects.toMatchObject({ code: 'SYNC_BUS_UNAVAILABLE', retryable: true })
    await expect(listen(bus)).rejects.toMatchObject({ code: 'SYNC_BUS_UNAVAILABLE' })
    hub.bus.makeAvailable()
    await publish(bus, 2)
    await settled()
    expect(received).toEqual([2])
  })

  it('counts as one interruption when it overlaps with another', async () => {
    const statuses: BusStatus[] = []
    bus.onStatus((status) => statuses.push(status))
    hub.bus.makeUnavailable()
    hub.bus.interrupt()
    hub.bus.makeAvailable()
    expect(statuses).toEqual(['interrupted'])
    hub.bus.resume()
    expect(statuses).toEqual(['interrupted', 'resumed'])
  })
})
