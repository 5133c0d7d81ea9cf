import { defineCollection, type MemoryHub, memoryBus } from '@sync/core'
import { expect, test } from 'vitest'
import { openFleet, type Ship } from '../transport/fanout/fleet.ts'
import { createDice, type Dice } from './dice.ts'

const seeds = Number(process.env['SYNC_SEEDS'] ?? 150)
const from = Number(process.env['SYNC_SEED'] ?? 1)

interface Doc {
  n: number
  by: number
}
const docs = defineCollection<Doc>({ section: 'doc', ttl: 'never' })

/** The versions of each key as a watcher is told them. */
function watch({ collection }: Ship<Doc>): Map<string, number[]> {
  const seen = new Map<string, number[]>()
  void (async () => {
    for await (const batch of collection.changes({ combine: false })) {
      for (const { key, version } of batch) seen.set(key, [...(seen.get(key) ?? []), version])
    }
  })().catch(() => {})
  return seen
}

function fault({ bus }: MemoryHub, { int, pick }: Dice): void {
  pick([
    () => bus.chance({ drop: 1 }),
    () => bus.chance({ repeat: 0.5, reorder: 0.5 }),
    () => bus.chance({ drop: 0.3, repeat: 0.2, reorder: 0.2 }),
    () => bus.chance({}),
    () => bus.delay(int(40), int(20)),
    () => bus.interrupt(),
    () => bus.resume(),
    () => bus.away(),
    () => bus.back(),
  ])()
}

/** Moves every instance from one bus to the other while they write, and returns what is wrong: nothing, if all is well. */
async function move(seed: number): Promise<string[]> {
  const dice = createDice(seed * 7919)
  const { int, chance, pick } = dice
  await using fleet = openFleet(docs, { ships: 2 + int(3), seed, on: ['a'] })
  const { clock, ships, a, b } = fleet
  const keys = ['k', 'm', 'o'].slice(0, 1 + int(3))
  const watchers = ships.map(watch)
  await clock.advance(300)
  const writes: Promise<unknown>[] = []
  const joining = new Map<Ship<Doc>, boolean>()
  const leaving: Promise<void>[] = []
  const left = new Set<Ship<Doc>>()

  const join = (ship: Ship<Doc>): void => {
    joining.set(ship, false)
    void ship.fan.add(memoryBus(b)).then(() => joining.set(ship, true))
  }
  const leave = (ship: Ship<Doc>): void => {
    left.add(ship)
    leaving.push(ship.fan.remove(ship.on.get('a') as never))
  }
  for (let step = 0; step < 40 + int(60) || left.size < ships.length; step++) {
    for (const [at, { collection }] of ships.entries()) {
      if (chance(0.6)) writes.push(collection.set(pick(keys), { n: step, by: at }))
    }
    if (step === 80) for (const { bus } of [a, b]) heal(bus)
    else if (chance(0.2)) fault(pick([a, b]), dice)
    const next = pick(ships)
    const allJoined = ships.every((ship) => joining.get(ship))
    if (chance(0.3) && !joining.has(next)) join(next)
    else if (chance(0.3) && allJoined && !left.has(next)) leave(next)
    await clock.advance(chance(0.3) ? 0 : int(60))
  }
  for (const { bus } of [a, b]) heal(bus)
  await clock.advance(6_000)
  await Promise.all([...leaving, ...writes])
  await fleet.settle()

  const wrong: string[] = []
  for (const key of keys) {
    const stored = fleet.store.store.inspect({ partition: 'p', section: 'doc' })?.documents.get(key)
    const all = Array.from({ length: stored?.version ?? 0 }, (_, i) => i + 1)
    for (const [at, watcher] of watchers.entries()) {
      const seen = watcher.get(key) ?? []
      if (seen.join() !== all.join()) wrong.push(`watcher ${at} of ${key} saw ${seen.join()}, not 1 to ${all.length}`)
      const held = JSON.stringify(ships[at]?.collection.peek(key))
      if (held !== undefined && held !== stored?.text) wrong.push(`replica ${at} of ${key} is ${held}`)
    }
  }
  a.bus.away()
  const [writer, reader] = ships as [Ship<Doc>, Ship<Doc>]
  await reader.collection.get('k')
  const last = writer.collection.set('k', { n: -1, by: 0 })
  await clock.advance(10)
  await last
  if (reader.collection.peek('k')?.n !== -1) wrong.push('the new bus alone does not carry')
  return wrong
}

function heal(bus: MemoryHub['bus']): void {
  bus.back()
  bus.resume()
  bus.chance({})
  bus.delay(0)
}

test('a fleet moves from one bus to another under load, whatever the buses do: each change is told once, in order', async () => {
  for (let seed = from; seed < from + seeds; seed++) {
    expect({ seed, wrong: await move(seed) }).toEqual({ seed, wrong: [] })
  }
}, 60_000)
