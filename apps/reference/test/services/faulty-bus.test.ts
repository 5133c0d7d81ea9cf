import { createMemoryHub, fanout, memoryBus } from '@sync/core'
import type { EncodedChange } from '@sync/core/adapter'
import { describe, expect, it, vi } from 'vitest'
import { withNetworkFaults } from '../../src/services/faulty-bus.ts'

const scope = { partition: 'p', section: 's' }
const change = (text: string): EncodedChange => ({ key: 'k', epoch: 'e', origin: 'o', sequence: 1, text })

/** Opens a faulty bus whose random numbers are `dice`, and records the frames that it delivers. */
async function openFaultyBus(...dice: readonly number[]) {
  const hub = createMemoryHub()
  let throws = 0
  const bus = withNetworkFaults(memoryBus(hub), () => dice[throws++ % dice.length] ?? 0)
  const received: string[] = []
  const subscription = await bus.subscribe(scope, (frame) => received.push(`${frame}`))
  const reliable = memoryBus(hub)
  const passed: string[] = []
  await reliable.subscribe(scope, (frame) => passed.push(`${frame}`))
  let sent = 0
  return {
    bus,
    received,
    subscription,
    /** Publishes a change. Resolves when a subscription without faults has received it. */
    async publish() {
      await bus.publish(scope, [change(`{"n":${++sent}}`)])
      await vi.waitUntil(() => passed.length === sent)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([bus.close(), reliable.close()])
    },
  }
}

describe('withNetworkFaults()', () => {
  it('delivers every frame when no fault is set', async () => {
    await using it = await openFaultyBus(0)
    await it.publish()
    await it.publish()
    expect(it.received).toHaveLength(2)
  })

  it('loses the given share of frames', async () => {
    // each frame takes two random numbers: one for its loss, one for its repeat
    await using it = await openFaultyBus(0.1, 1, 0.3, 1)
    it.bus.setFault({ drop: 0.2 })
    await it.publish()
    expect(it.received).toHaveLength(0)
  })

  it('repeats the given share of frames', async () => {
    await using it = await openFaultyBus(1, 0.1, 1, 0.3)
    it.bus.setFault({ repeat: 0.2 })
    await it.publish()
    expect(it.received).toHaveLength(2)
    await it.publish()
    expect(it.received).toHaveLength(3)
  })

  it('delivers held-back frames in order, except to a stopped subscription', async () => {
    await using it = await openFaultyBus(1)
    const release = it.bus.holdBack(scope)
    await it.publish()
    await it.publish()
    expect(it.received).toHaveLength(0)
    release()
    expect(it.received.map((frame) => /"n":(\d)/.exec(frame)?.[1])).toEqual(['1', '2'])
    const releaseOther = it.bus.holdBack({ ...scope, section: 'other' })
    await it.publish()
    expect(it.received).toHaveLength(3)
    releaseOther()
    const releaseLate = it.bus.holdBack(scope)
    await it.publish()
    await it.subscription.stop()
    releaseLate()
    expect(it.received).toHaveLength(3)
  })

  it('delays frames, and delivers nothing after the subscription has stopped', async () => {
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

  it('delivers nothing while cut off, but still publishes', async () => {
    await using it = await openFaultyBus(1)
    it.bus.setFault({ cut: true })
    await it.publish()
    it.bus.setFault({})
    await it.publish()
    expect(it.received).toHaveLength(1)
  })

  it('reports capabilities that hold under faults, and follows the wrapped bus', async () => {
    const wrapped = fanout(memoryBus(createMemoryHub({ maxPayloadBytes: 1_000 })))
    await using bus = withNetworkFaults(wrapped)
    expect(bus.capabilities).toMatchObject({ delivery: 'at-most-once', ordering: 'none', maxPayloadBytes: 1_000 })
    await wrapped.add(memoryBus(createMemoryHub({ maxPayloadBytes: 500 })))
    expect(bus.capabilities.maxPayloadBytes).toBe(500)
  })

  it('forwards failures of the wrapped bus', async () => {
    const wrapped = fanout(memoryBus(createMemoryHub()))
    await using bus = withNetworkFaults(wrapped)
    expect(bus.onFailure).toBeTypeOf('function')
    await using plain = withNetworkFaults(memoryBus(createMemoryHub()))
    expect(plain.onFailure).toBeUndefined()
  })
})
