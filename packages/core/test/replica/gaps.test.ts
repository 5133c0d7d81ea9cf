import { createInstance, createMemoryHub, defineCollection, memoryStore } from '@sync/core'
import type { EncodedChange } from '@sync/core/adapter'
import { createVirtualRuntime } from '@sync/core/testing'
import { describe, expect, it, vi } from 'vitest'
import { ScriptedBus } from '../transport/fanout/scripted-bus.ts'

const docs = defineCollection<{ n: number }>({ section: 'doc', ttl: 'never', replicate: 'all' })
const section = { partition: 'p', section: 'doc' }
const CHANGES = 60
/** A step in ms, and how long a change may come too early. */
const [STEP, WINDOW] = [5, 20]

/** Every other change overtakes three: while they come there is always a hole, and none is open for longer than two steps. */
const order = [2, ...Array.from({ length: CHANGES / 2 - 1 }, (_, at) => [2 * at + 4, 2 * at + 1]).flat(), CHANGES - 1]

/** Has them heard in that order, but for `lost`; answers when the first gap was told, in ms from the first change on. */
async function hearInThatOrder(lost?: number): Promise<{ gapAt: number | undefined; shown: number; repairs: number }> {
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
  const elsewhere = new ScriptedBus()
  vi.spyOn(elsewhere, 'publish').mockImplementation(async (_, changes) => void sent.push(...changes))
  const writer = createInstance({ store: memoryStore(hub), bus: elsewhere, runtime: clock })
  const [here, there] = [reader, writer].map((sync) => sync.collection(docs, { partition: 'p' }))
  await here?.ready()
  for (let n = 1; n <= CHANGES; n++) await there?.assign(`k${n}`, { n })
  await writer.flush()
  const begun = clock.now()
  let gapAt: number | undefined
  reader.onEvent(({ type }) => {
    if (type === 'gap') gapAt ??= clock.now() - begun
  })
  for (const sequence of order) {
    const change = sent[sequence - 1]
    if (change && sequence !== lost) await bus.publish(section, [change])
    await clock.advance(STEP)
  }
  await clock.advance(2 * WINDOW)
  const shown = Array.from({ length: CHANGES }, (_, at) => here?.peek(`k${at + 1}`)).filter(Boolean).length
  const { repairs } = reader.stats()
  const closing = Promise.all([reader.close(), writer.close()])
  await clock.advance(10_000)
  await closing
  return { gapAt, shown, repairs }
}

describe('createInstance({ reorderWindow })', () => {
  it('reports no gap when each hole closes within the window', async () => {
    expect(await hearInThatOrder()).toEqual({ gapAt: undefined, shown: CHANGES, repairs: 0 })
  })

  it('reports a lost change within two windows', async () => {
    for (let lost = 1; lost < CHANGES; lost++) {
      const { gapAt = Number.POSITIVE_INFINITY, shown } = await hearInThatOrder(lost)
      // it is seen to be missing by the first later one that comes
      const seenAt = order.findIndex((sequence) => sequence > lost) * STEP
      expect([lost, gapAt - seenAt <= 2 * WINDOW, shown]).toEqual([lost, true, CHANGES])
    }
  })
})
