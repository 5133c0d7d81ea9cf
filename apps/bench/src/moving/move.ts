import { setTimeout as pause } from 'node:timers/promises'
import { openSync } from '@sync/config'
import { Notes, type Phase } from './notes.ts'
import { counters, KEYS, PARTITION, Ship, type ShipOptions } from './ship.ts'

/** Where a fleet is, and where it goes. */
export interface Move {
  readonly store: string
  readonly from: string
  readonly to: string
  /** Ends what carried the old bus, when nobody is left on it. */
  readonly retire?: () => Promise<void>
}

/** What came of it. */
export interface Moved {
  readonly acknowledged: number
  /** Changes that a watcher was never told. */
  readonly lost: number
  /** Replicas that differ, writes refused, increments missing: nothing, if all is well. */
  readonly wrong: readonly string[]
  /** The 95th percentile from a write begun to shown by another instance, in ms. */
  readonly p95: Readonly<Record<Phase, number>>
}

/** By name; restarted in this order. */
const FLEET = { one: 'writer', two: 'writer', three: 'reader' } as const

/** Writes of the whole fleet between one step and the next. */
const LOAD = { phase: 500, restart: 60 } as const

/** How long a step may take, in ms. */
const PATIENCE = 15_000

/** Moves a fleet under load from one bus to another in two rolling restarts: to both, then to the new one. */
export async function move({ store, from, to, retire }: Move): Promise<Moved> {
  const notes = new Notes()
  const fleet = new Map<string, Ship>()
  const launch = async (options: Pick<ShipOptions, 'name' | 'role' | 'bus' | 'after'>): Promise<void> => {
    fleet.set(options.name, await Ship.launch({ ...options, store, notes }))
  }
  const restart = async (bus: ShipOptions['bus']): Promise<void> => {
    for (const [name, ship] of fleet) {
      await ship.end()
      await launch({ name, role: ship.role, bus, after: ship.position })
      await carried(notes, LOAD.restart)
    }
  }
  try {
    for (const [name, role] of Object.entries(FLEET)) await launch({ name, role, bus: from })
    await carried(notes, LOAD.phase)
    notes.phase = 'during'
    await restart([from, to])
    await restart(to)
    notes.phase = 'after'
    await retire?.()
    await carried(notes, LOAD.phase)
    await arrive([...fleet.values()], store, notes)
  } finally {
    await Promise.all([...fleet.values()].map((ship) => ship.end()))
  }
  const { acknowledged, lost, wrong } = notes
  const p95 = { before: notes.p95('before'), during: notes.p95('during'), after: notes.p95('after') }
  return { acknowledged, lost, wrong, p95 }
}

/** Until so many more writes were acknowledged, and all that was until then is told everywhere. */
async function carried(notes: Notes, more: number): Promise<void> {
  const goal = notes.acknowledged + more
  await within(`${more} more writes`, () => notes.acknowledged >= goal)
  const { ends } = notes
  await within('every instance hears of all that was written', () => notes.reached(ends))
}

/** The load ends: every increment is in the store, every stream tells all of it, and every instance shows what is there. */
async function arrive(ships: readonly Ship[], store: string, notes: Notes): Promise<void> {
  await Promise.all(ships.map((ship) => ship.rest()))
  await Promise.all(ships.map((ship) => ship.flush()))
  await using auditor = await openSync({ store })
  const stored = await auditor.collection(counters, { partition: PARTITION }).getMany(KEYS)
  const sum = [...stored.values()].reduce((all, { n }) => all + n, 0)
  if (sum !== notes.acknowledged)
    notes.wrong.push(`${notes.acknowledged} increments were acknowledged, ${sum} are there`)
  await within('every stream has told everything', () => notes.lost === 0).catch(() => {})
  for (const ship of ships) {
    for (const [key, value] of stored) {
      const shown = JSON.stringify(ship.value(key))
      if (shown !== JSON.stringify(value)) notes.wrong.push(`${ship.name}: ${key} is ${shown}`)
    }
  }
}

async function within(what: string, reached: () => boolean): Promise<void> {
  const until = performance.now() + PATIENCE
  while (!reached()) {
    if (performance.now() > until) throw new Error(`${what}: not within ${PATIENCE} ms`)
    await pause(5)
  }
}
