import { createMemoryHub, fanout, memoryBus } from '@sync/core'
import type { EncodedChange } from '@sync/core/adapter'
import { describe, expect, it, vi } from 'vitest'
import { disturbed } from '../../src/services/disturbed-bus.ts'

const scope = { partition: 'p', section: 's' }
const change = (text: string): EncodedChange => ({ key: 'k', epoch: 'e', origin: 'o', sequence: 1, text })

/** A bus behind disturbances whose dice show what they are told to, with what it brought. */
async function listening(...dice: readonly number[]) {
  const hub = createMemoryHub()
  let thrown = 0
  const bus = disturbed(memoryBus(hub), () => dice[thrown++ % dice.length] ?? 0)
  const heard: string[] = []
  const subscription = await bus.subscribe(scope, (frame) => heard.push(`${frame}`))
  const marker = memoryBus(hub)
  const passed: string[] = []
  await marker.subscribe(scope, (frame) => passed.push(`${frame}`))
  let sent = 0
  return {
    bus,
    heard,
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
    await using it = await listening(0)
    await it.publish()
    await it.publish()
    expect(it.heard).toHaveLength(2)
  })

  it('loses the share that it is told to', async () => {
    // for each frame one throw for its loss, one for its repeat
    await using it = await listening(0.1, 1, 0.3, 1)
    it.bus.disturb({ drop: 0.2 })
    await it.publish()
    expect(it.heard).toHaveLength(0)
  })

  it('repeats the share that it is told to', async () => {
    await using it = await listening(1, 0.1, 1, 0.3)
    it.bus.disturb({ repeat: 0.2 })
    await it.publish()
    expect(it.heard).toHaveLength(2)
    await it.publish()
    expect(it.heard).toHaveLength(3)
  })

  it('hands over what it withheld, in order, but not to a subscription that ended', async () => {
    await using it = await listening(1)
    const handOver = it.bus.withhold(scope)
    await it.publish()
    await it.publish()
    expect(it.heard).toHaveLength(0)
    handOver()
    expect(it.heard.map((frame) => /"n":(\d)/.exec(frame)?.[1])).toEqual(['1', '2'])
    const other = it.bus.withhold({ ...scope, section: 'other' })
    await it.publish()
    expect(it.heard).toHaveLength(3)
    other()
    const late = it.bus.withhold(scope)
    await it.publish()
    await it.subscription.stop()
    late()
    expect(it.heard).toHaveLength(3)
  })

  it('brings late what is delayed, and nothing after its subscription ended', async () => {
    await using it = await listening(1)
    it.bus.disturb({ delayMs: 20 })
    await it.publish()
    expect(it.heard).toHaveLength(0)
    await vi.waitUntil(() => it.heard.length === 1)
    await it.publish()
    await it.subscription.stop()
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(it.heard).toHaveLength(1)
  })

  it('is deaf while it is cut off, though it is heard', async () => {
    await using it = await listening(1)
    it.bus.disturb({ cut: true })
    await it.publish()
    it.bus.disturb({})
    await it.publish()
    expect(it.heard).toHaveLength(1)
  })

  it('promises no more than it keeps, whatever joins the bus behind it', async () => {
    const joined = fanout(memoryBus(createMemoryHub({ maxPayloadBytes: 1_000 })))
    await using bus = disturbed(joined)
    expect(bus.capabilities).toMatchObject({ delivery: 'at-most-once', ordering: 'none', maxPayloadBytes: 1_000 })
    await joined.add(memoryBus(createMemoryHub({ maxPayloadBytes: 500 })))
    expect(bus.capabilities.maxPayloadBytes).toBe(500)
  })

  it('tells what a part of the bus behind it did not do', async () => {
    const joined = fanout(memoryBus(createMemoryHub()))
    await using bus = disturbed(joined)
    expect(bus.onFailure).toBeTypeOf('function')
    await using plain = disturbed(memoryBus(createMemoryHub()))
    expect(plain.onFailure).toBeUndefined()
  })
})
