import { audit } from './audit/audit.ts'
import { begin, create } from './calls.ts'
import { createDice } from './dice.ts'
import { fault } from './faults.ts'
import type { History } from './history.ts'
import { draw } from './setting.ts'
import { Workload } from './workload.ts'
import { type Place, World } from './world.ts'

/** What a schedule may contain. */
export interface Plan {
  readonly seed: number
  /** Messages are lost, repeated, late; calls, processes and clocks go wrong. */
  readonly faults: boolean
  /** The store may lose its tail. */
  readonly losses: boolean
  /** Steps that are left out; the others stay what they are. */
  readonly without?: ReadonlySet<number>
  /** Is told of each step. */
  readonly onStep?: (step: number, what: string) => void
}

/** Runs one schedule of random calls and faults, heals, and returns what is wrong: nothing, if all is well. */
export async function runSchedule(plan: Plan): Promise<string[]> {
  return audit(await play(plan))
}

/** Runs one schedule, and returns what happened. */
export async function play({ seed, faults, losses, without, onStep }: Plan): Promise<History> {
  const dice = createDice(seed * 7919)
  const setting = draw(dice, { losses })
  const world = new World(seed, setting)
  const { recorder, time } = world
  const workload = new Workload(recorder)
  const { keys } = setting
  const createAll = (id: string): void => {
    const [{ process }] = world.places as [Place]
    for (const key of keys) create(workload, { process, key, id: `${id} ${key}`, at: 0, dice })
  }
  createAll('first')
  await time.advance(100)
  world.takeTime()
  // many short ones, for what matters is how many ways things meet; some long, for what needs many
  const steps = dice.chance(0.75) ? 6 + dice.int(15) : 20 + dice.int(30)
  for (let step = 0; step < steps; step++) {
    if (without?.has(step)) continue
    // each step has dice of its own: leaving one out changes no other
    const own = createDice(seed * 7919 + (step + 1) * 104_729)
    const { pick, chance, int } = own
    const place = pick(world.alive)
    let what: string
    if (chance(0.06) && place.watchers.length > 0) {
      what = 'a watcher starts again'
      world.restart(pick(place.watchers), place)
    } else if (faults && chance(0.4)) what = fault(world, own, { losses })
    else if (chance(0.03)) {
      what = `${place.process.name} verifies what it holds`
      workload.verify(place.process)
    } else {
      const burst = chance(0.5) ? 2 + int(3) : 1
      const [key, scattered] = [pick(keys), chance(0.4)]
      what = Array.from({ length: burst }, (_, nth) =>
        begin(workload, {
          process: (nth === 0 || chance(0.5) ? place : pick(world.alive)).process,
          key: scattered ? pick(keys) : key,
          id: `${step}.${nth}`,
          at: step,
          dice: own,
        }),
      ).join('; ')
    }
    onStep?.(step, what)
    await time.advance(chance(0.5) ? 0 : int(60))
    for (const { process } of [place, pick(world.alive)]) if (process.alive) workload.look(process, keys)
  }
  await world.heal()
  await time.advance(6_000)
  if (workload.open > 0) recorder.wrong.push('a call never ended')
  await world.settle()
  world.end()
  if (setting.definition.ttl !== undefined) {
    // after the end of all there was, what is new is seen by everyone
    createAll('anew')
    await time.advance(50)
    // some messages are still to be lost
    for (const { process } of world.places) workload.run(process, process.sync.check())
    await time.advance(50)
    world.end()
  }
  for (const { process } of world.places) workload.verify(process)
  await time.advance(1_000)
  world.close()
  return recorder
}
