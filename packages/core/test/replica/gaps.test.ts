import { createInstance, createMemoryHub, defineCollection, memoryStore } from '@sync/core'
import type { EncodedChange } from '@sync/core/adapter'
import { createVirtualRuntime } from '@sync/core/testing'
import { describe, expect, it, vi } from 'vitest'
import { ScriptedBus } from '../transport/fanout/scripted-bus.ts'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never', replicate: 'all' })
const section = { partition: 'p', section: 'doc' }
const CHANGES = 60
/** Time between two changes, and the reorder window, in milliseconds. */
const [STEP, WINDOW] = [5, 20]

/** Every other change overtakes three others. A hole exists at any time, and each one closes within two steps. */
const order = [2, ...Array.from({ length: CHANGES / 2 - 1 }, (_, at) => [2 * at + 4, 2 * at + 1]).flat(), CHANGES - 1]

/** Delivers the changes in that order, except `lost`. `gapAt` is the time of the first gap event, in ms from the first change. */
async function deliverInOrder(lost?: number): Promise<{ gapAt: number | undefined; shown: number; repairs: number }> {
  const clock = createVirtualRuntime()
  const hub = createMemoryHub({ runtime: clock })
  const bus = new ScriptedBus()
  const reader = createInstance({
    store: memoryStore(hub),
    bus,
    runtime: clock,
    checkInterval: '1h',
    reorderWindow: WINDOW,
  })
  const sent: EncodedChange[] = []
  const writerBus = new ScriptedBus()
  vi.spyOn(writerBus, 'publish').mockImplementation(async (_, changes) => void sent.push(...changes))
  const writer = createInstance({ store: memoryStore(hub), bus: writerBus, runtime: clock })
  const [local, remote] = [reader, writer].map((sync) => sync.collection(docs, { partition: 'p' }))
  await local?.ready()
  for (let n = 1; n <= CHANGES; n++) await remote?.assign(`k${n}`, { n })
  await writer.flush()
  const startedAt = clock.now()
  let gapAt: number | undefined
  reader.onEvent(({ type }) => {
    if (type === 'gap') gapAt ??= clock.now() - startedAt
  })
  for (const sequence of order) {
    const change = sent[sequence - 1]
    if (change && sequence !== lost) await bus.publish(section, [change])
    await clock.advance(STEP)
  }
  await clock.advance(2 * WINDOW)
  const shown = Array.from({ length: CHANGES }, (_, at) => local?.peek(`k${at + 1}`)).filter(Boolean).length
  const { repairs } = reader.stats()
  const closing = Promise.all([reader.close(), writer.close()])
  await clock.advance(10_000)
  await closing
  return { gapAt, shown, repairs }
}

describe('createInstance({ reorderWindow })', () => {
  it('reports no gap when each hole closes within the window', async () => {
    expect(await deliverInOrder()).toEqual({ gapAt: undefined, shown: CHANGES, repairs: 0 })
  })

  it('reports a lost change within two windows', async () => {
    for (let lost = 1; lost < CHANGES; lost++) {
      const { gapAt = Number.POSITIVE_INFINITY, shown } = await deliverInOrder(lost)
      // the first later change that arrives reveals the loss
      const seenAt = order.findIndex((sequence) => sequence > lost) * STEP
      expect([lost, gapAt - seenAt <= 2 * WINDOW, shown]).toEqual([lost, true, CHANGES])
    }
  })
})
