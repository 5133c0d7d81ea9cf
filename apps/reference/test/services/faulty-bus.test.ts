import { createMemoryHub, fanout, memoryBus } from '@sync/core'
import type { EncodedChange } from '@sync/core/adapter'
import { describe, expect, it, vi } from 'vitest'
import { withNetworkFaults } from '../../src/services/faulty-bus.ts'

const scope = { partition: 'p', section: 's' }
const change = (text: string): EncodedChange => ({ key: 'k', epoch: 'e', origin: 'o', sequence: 1, text })

/** A bus behind disturbances whose dice show what they are told to, with what it brought. */
async function openFaultyBus(...dice: readonly number[]) {
  const hub = createMemoryHub()
  let thrown = 0
  const bus = withNetworkFaults(memoryBus(hub), () => dice[thrown++ % dice.length] ?? 0)
  const received: string[] = []
  const subscription = await bus.subscribe(scope, (frame) => received.push(`${frame}`))
  const marker = memoryBus(hub)
  const passed: string[] = []
  await marker.subscribe(scope, (frame) => passed.push(`${frame}`))
  let sent = 0
  return {
    bus,
    received,
    subscription,
    /** Resolves when all who listen undisturbed have heard it. */
    async publish() {
      await bus.publish(scope, [change(`{"n":${++sent}}`)])
      await vi.waitUntil(() => passed.length === sent)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([bus.close(), marker.close()])
    },
  }
}

describe('a disturbed bus', () => {
  it('passes everything on until it is disturbed', async () => {
    await using it = await openFaultyBus(0)
    await it.publish()
    await it.publish()
    expect(it.received).toHaveLength(2)
  })

  it('loses the share that it is told to', async () => {
    // for each frame one throw for its loss, one for its repeat
    await using it = await openFaultyBus(0.1, 1, 0.3, 1)
    it.bus.setFault({ drop: 0.2 })
    await it.publish()
    expect(it.received).toHaveLength(0)
  })

  it('repeats the share that it is told to', async () => {
    await using it = await openFaultyBus(1, 0.1, 1, 0.3)
    it.bus.setFault({ repeat: 0.2 })
    await it.publish()
    expect(it.received).toHaveLength(2)
    await it.publish()
    expect(it.received).toHaveLength(3)
  })

  it('hands over what it withheld, in order, but not to a subscription that ended', async () => {
    await using it = await openFaultyBus(1)
    const handOver = it.bus.holdBack(scope)
    await it.publish()
    await it.publish()
    expect(it.received).toHaveLength(0)
    handOver()
    expect(it.received.map((frame) => /"n":(\d)/.exec(frame)?.[1])).toEqual(['1', '2'])
    const other = it.bus.holdBack({ ...scope, section: 'other' })
    await it.publish()
    expect(it.received).toHaveLength(3)
    other()
    const late = it.bus.holdBack(scope)
    await it.publish()
    await it.subscription.stop()
    late()
    expect(it.received).toHaveLength(3)
  })

  it('brings late what is delayed, and nothing after its subscription ended', async () => {
    await using it = await openFaultyBus(1)
    it.bus.setFault({ delayMs: 20 })
    await it.publish()
    expect(it.received).toHaveLength(0)
    await vi.waitUntil(() => it.received.length === 1)
    await it.publish()
    await it.subscription.stop()
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(it.received).toHaveLength(1)
  })

  it('is deaf while it is cut off, though it is heard', async () => {
    await using it = await openFaultyBus(1)
    it.bus.setFault({ cut: true })
    await it.publish()
    it.bus.setFault({})
    await it.publish()
    expect(it.received).toHaveLength(1)
  })

  it('promises no more than it keeps, whatever joins the bus behind it', async () => {
    const joined = fanout(memoryBus(createMemoryHub({ maxPayloadBytes: 1_000 })))
    await using bus = withNetworkFaults(joined)
    expect(bus.capabilities).toMatchObject({ delivery: 'at-most-once', ordering: 'none', maxPayloadBytes: 1_000 })
    await joined.add(memoryBus(createMemoryHub({ maxPayloadBytes: 500 })))
    expect(bus.capabilities.maxPayloadBytes).toBe(500)
  })

  it('tells what a part of the bus behind it did not do', async () => {
    const joined = fanout(memoryBus(createMemoryHub()))
    await using bus = withNetworkFaults(joined)
    expect(bus.onFailure).toBeTypeOf('function')
    await using plain = withNetworkFaults(memoryBus(createMemoryHub()))
    expect(plain.onFailure).toBeUndefined()
  })
})
