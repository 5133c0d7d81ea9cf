import { defineCollection, memoryBus } from '@sync/core'
import { describe, expect, it } from 'vitest'
import { type FleetInstance, openFleet } from './fleet.ts'

interface Doc {
  n: number
}
const docs = defineCollection<Doc>({ section: 'doc', ttl: 'never' })

/** The versions of `x` that a watcher receives, in order. */
function watch({ collection }: FleetInstance<Doc>): number[] {
  const seen: number[] = []
  void (async () => {
    for await (const batch of collection.changes({ combine: false })) seen.push(...batch.map(({ version }) => version))
  })().catch(() => {})
  return seen
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1)

describe('fanout() under faults', () => {
  it.each([
    ['works', () => {}],
    ['drops everything', ({ b }) => b.bus.setFaultRates({ drop: 1 })],
    ['is unavailable', ({ b }) => b.bus.makeUnavailable()],
    ['is interrupted', ({ b }) => b.bus.interrupt()],
    ['repeats and reorders', ({ b }) => b.bus.setFaultRates({ repeat: 0.5, reorder: 0.5 })],
    ['is slow', ({ b }) => b.bus.delay(40, 20)],
  ] as [string, (hubs: { b: Awaited<ReturnType<typeof openFleet<Doc>>>['b'] }) => void][])(
    'delivers each change once, in order and without delay while one bus %s',
    async (_, fault) => {
      await using fleet = openFleet(docs)
      const [writer, reader] = fleet.instances as [FleetInstance<Doc>, FleetInstance<Doc>]
      const seen = watch(reader)
      await reader.collection.get('x')
      await fleet.clock.advance(300)
      fault(fleet)
      for (let n = 1; n <= 50; n++) {
        const writing = writer.collection.assign('x', { n })
        await fleet.clock.advance(5)
        await writing
        expect(reader.collection.peek('x')).toEqual({ n })
      }
      await fleet.clock.advance(100)
      expect(seen).toEqual(upTo(50))
      expect(reader.sync.stats()).toMatchObject({ gaps: 0, repairs: 0, reloads: 0 })
    },
  )

  it('reports what an unavailable bus did not accept, and no instance misses it afterwards', async () => {
    await using fleet = openFleet(docs)
    const [writer, reader] = fleet.instances as [FleetInstance<Doc>, FleetInstance<Doc>]
    await Promise.all([writer.collection.get('x'), reader.collection.get('x')])
    fleet.b.bus.makeUnavailable()
    await writer.collection.assign('x', { n: 1 })
    await fleet.clock.advance(2_000)
    expect(writer.failures).toMatchObject([
      { operation: 'publish', changes: 1, error: { code: 'SYNC_BUS_UNAVAILABLE' } },
    ])
    expect(reader.sync.health().state).toBe('stale')
    fleet.b.bus.makeAvailable()
    await fleet.clock.advance(10)
    expect(reader.sync.health().state).toBe('live')
  })

  it("delivers a migrating instance's changes to instances on the old bus only and on the new bus only", async () => {
    await using fleet = openFleet(docs, { size: 3 })
    const [moving, old, moved] = fleet.instances as [FleetInstance<Doc>, FleetInstance<Doc>, FleetInstance<Doc>]
    await old.bus.remove(old.on.get('b') as never)
    await moved.bus.remove(moved.on.get('a') as never)
    const seen = [watch(old), watch(moved)]
    await fleet.clock.advance(300)
    for (let n = 1; n <= 20; n++) {
      const writing = moving.collection.assign('x', { n })
      await fleet.clock.advance(5)
      await writing
    }
    expect(seen).toEqual([upTo(20), upTo(20)])
  })

  it('delivers from an added bus as soon as it becomes available', async () => {
    await using fleet = openFleet(docs, { on: ['a'] })
    const [writer, reader] = fleet.instances as [FleetInstance<Doc>, FleetInstance<Doc>]
    fleet.b.bus.makeUnavailable()
    const adding = reader.bus.add(memoryBus(fleet.b))
    await fleet.clock.advance(1_000)
    const seen = watch(reader)
    await fleet.clock.advance(300)
    fleet.b.bus.makeAvailable()
    await fleet.clock.advance(10)
    await adding
    await writer.bus.add(memoryBus(fleet.b))
    fleet.a.bus.setFaultRates({ drop: 1 })
    const writing = writer.collection.assign('x', { n: 1 })
    await fleet.clock.advance(10)
    await writing
    expect(seen).toEqual([1])
  })
})
