import { defineCollection, memoryBus } from '@sync/core'
import { expect, test } from 'vitest'
import { openFleet, type Ship } from './fleet.ts'

interface Doc {
  n: number
}
const docs = defineCollection<Doc>({ section: 'doc', ttl: 'never' })

/** The versions of `x` that a watcher is told, one by one. */
function watch({ collection }: Ship<Doc>): number[] {
  const seen: number[] = []
  void (async () => {
    for await (const batch of collection.changes({ combine: false })) seen.push(...batch.map(({ version }) => version))
  })().catch(() => {})
  return seen
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1)

test.each([
  ['works', () => {}],
  ['drops everything', ({ b }) => b.bus.chance({ drop: 1 })],
  ['is away', ({ b }) => b.bus.away()],
  ['is cut', ({ b }) => b.bus.interrupt()],
  ['repeats and reorders', ({ b }) => b.bus.chance({ repeat: 0.5, reorder: 0.5 })],
  ['is late', ({ b }) => b.bus.delay(40, 20)],
] as [string, (hubs: { b: Awaited<ReturnType<typeof openFleet<Doc>>>['b'] }) => void][])(
  'each change is told once, in order, at once, while one bus %s',
  async (_, fault) => {
    await using fleet = openFleet(docs)
    const [writer, reader] = fleet.ships as [Ship<Doc>, Ship<Doc>]
    const seen = watch(reader)
    await reader.collection.get('x')
    await fleet.clock.advance(300)
    fault(fleet)
    for (let n = 1; n <= 50; n++) {
      const writing = writer.collection.set('x', { n })
      await fleet.clock.advance(5)
      await writing
      expect(reader.collection.peek('x')).toEqual({ n })
    }
    await fleet.clock.advance(100)
    expect(seen).toEqual(upTo(50))
    expect(reader.sync.stats()).toMatchObject({ gaps: 0, repairs: 0, reloads: 0 })
  },
)

test('what the bus that is away did not take is told, and nobody misses it when it is back', async () => {
  await using fleet = openFleet(docs)
  const [writer, reader] = fleet.ships as [Ship<Doc>, Ship<Doc>]
  await Promise.all([writer.collection.get('x'), reader.collection.get('x')])
  fleet.b.bus.away()
  await writer.collection.set('x', { n: 1 })
  await fleet.clock.advance(2_000)
  expect(writer.failures).toMatchObject([{ operation: 'publish', changes: 1, error: { code: 'SYNC_BUS_AWAY' } }])
  expect(reader.sync.health().state).toBe('stale')
  fleet.b.bus.back()
  await fleet.clock.advance(10)
  expect(reader.sync.health().state).toBe('live')
})

test('an instance that still hears only the old bus, and one that hears only the new one, both hear a moving one', async () => {
  await using fleet = openFleet(docs, { ships: 3 })
  const [moving, old, moved] = fleet.ships as [Ship<Doc>, Ship<Doc>, Ship<Doc>]
  await old.fan.remove(old.on.get('b') as never)
  await moved.fan.remove(moved.on.get('a') as never)
  const seen = [watch(old), watch(moved)]
  await fleet.clock.advance(300)
  for (let n = 1; n <= 20; n++) {
    const writing = moving.collection.set('x', { n })
    await fleet.clock.advance(5)
    await writing
  }
  expect(seen).toEqual([upTo(20), upTo(20)])
})

test('a bus that was not there at the beginning is heard as soon as it is', async () => {
  await using fleet = openFleet(docs, { on: ['a'] })
  const [writer, reader] = fleet.ships as [Ship<Doc>, Ship<Doc>]
  fleet.b.bus.away()
  const adding = reader.fan.add(memoryBus(fleet.b))
  await fleet.clock.advance(1_000)
  const seen = watch(reader)
  await fleet.clock.advance(300)
  fleet.b.bus.back()
  await fleet.clock.advance(10)
  await adding
  await writer.fan.add(memoryBus(fleet.b))
  fleet.a.bus.chance({ drop: 1 })
  const writing = writer.collection.set('x', { n: 1 })
  await fleet.clock.advance(10)
  await writing
  expect(seen).toEqual([1])
})
