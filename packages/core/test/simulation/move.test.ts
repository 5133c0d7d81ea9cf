import { defineCollection, type MemoryHub, memoryBus } from '@sync/core'
import { describe, expect, it } from 'vitest'
import { type FleetInstance, openFleet } from '../transport/fanout/fleet.ts'
import { createSeededRandom, type SeededRandom } from './seeded-random.ts'

const seeds = Number(process.env['SYNC_SEEDS'] ?? 150)
const from = Number(process.env['SYNC_SEED'] ?? 1)

interface Doc {
  n: number
  by: number
}
const docs = defineCollection<Doc>({ section: 'doc', ttl: 'never' })

/** Watches a collection. Returns the versions that the watcher receives, by key. */
function watch({ collection }: FleetInstance<Doc>): Map<string, number[]> {
  const seen = new Map<string, number[]>()
  void (async () => {
    for await (const batch of collection.changes({ combine: false })) {
      for (const { key, version } of batch) seen.set(key, [...(seen.get(key) ?? []), version])
    }
  })().catch(() => {})
  return seen
}

function fault({ bus }: MemoryHub, { int, pick }: SeededRandom): void {
  pick([
    () => bus.setFaultRates({ drop: 1 }),
    () => bus.setFaultRates({ repeat: 0.5, reorder: 0.5 }),
    () => bus.setFaultRates({ drop: 0.3, repeat: 0.2, reorder: 0.2 }),
    () => bus.setFaultRates({}),
    () => bus.delay(int(40), int(20)),
    () => bus.interrupt(),
    () => bus.resume(),
    () => bus.makeUnavailable(),
    () => bus.makeAvailable(),
  ])()
}

/** Moves every instance from bus `a` to bus `b` while all of them write. Returns the problems found. */
async function move(seed: number): Promise<string[]> {
  const random = createSeededRandom(seed * 7919)
  const { int, chance, pick } = random
  await using fleet = openFleet(docs, { size: 2 + int(3), seed, on: ['a'] })
  const { clock, instances, a, b } = fleet
  const keys = ['k', 'm', 'o'].slice(0, 1 + int(3))
  const watchers = instances.map(watch)
  await clock.advance(300)
  const writes: Promise<unknown>[] = []
  const joining = new Map<FleetInstance<Doc>, boolean>()
  const leaving: Promise<void>[] = []
  const left = new Set<FleetInstance<Doc>>()

  const join = (instance: FleetInstance<Doc>): void => {
    joining.set(instance, false)
    void instance.bus.add(memoryBus(b)).then(() => joining.set(instance, true))
  }
  const leave = (instance: FleetInstance<Doc>): void => {
    left.add(instance)
    leaving.push(instance.bus.remove(instance.on.get('a') as never))
  }
  for (let step = 0; step < 40 + int(60) || left.size < instances.length; step++) {
    for (const [at, { collection }] of instances.entries()) {
      if (chance(0.6)) writes.push(collection.assign(pick(keys), { n: step, by: at }))
    }
    if (step === 80) for (const { bus } of [a, b]) heal(bus)
    else if (chance(0.2)) fault(pick([a, b]), random)
    const next = pick(instances)
    const allJoined = instances.every((instance) => joining.get(instance))
    if (chance(0.3) && !joining.has(next)) join(next)
    else if (chance(0.3) && allJoined && !left.has(next)) leave(next)
    await clock.advance(chance(0.3) ? 0 : int(60))
  }
  for (const { bus } of [a, b]) heal(bus)
  await clock.advance(6_000)
  await Promise.all([...leaving, ...writes])
  await fleet.settle()

  const problems: string[] = []
  for (const key of keys) {
    const stored = fleet.store.store.inspect({ partition: 'p', section: 'doc' })?.documents.get(key)
    const all = Array.from({ length: stored?.version ?? 0 }, (_, i) => i + 1)
    for (const [at, watcher] of watchers.entries()) {
      const seen = watcher.get(key) ?? []
      if (seen.join() !== all.join())
        problems.push(`watcher ${at} of ${key}: expected versions 1 to ${all.length}, got ${seen.join()}`)
      const cached = JSON.stringify(instances[at]?.collection.peek(key))
      if (cached !== undefined && cached !== stored?.text)
        problems.push(`replica ${at} of ${key}: expected ${stored?.text}, got ${cached}`)
    }
  }
  a.bus.makeUnavailable()
  const [writer, reader] = instances as [FleetInstance<Doc>, FleetInstance<Doc>]
  await reader.collection.get('k')
  const last = writer.collection.assign('k', { n: -1, by: 0 })
  await clock.advance(10)
  await last
  if (reader.collection.peek('k')?.n !== -1) problems.push('bus b alone does not deliver changes')
  return problems
}

function heal(bus: MemoryHub['bus']): void {
  bus.makeAvailable()
  bus.resume()
  bus.setFaultRates({})
  bus.delay(0)
}

describe('fanout add and remove', () => {
  it('deliver each change once and in order while a fleet moves between faulty buses', async () => {
    for (let seed = from; seed < from + seeds; seed++) {
      expect({ seed, problems: await move(seed) }).toEqual({ seed, problems: [] })
    }
  }, 60_000)
})
