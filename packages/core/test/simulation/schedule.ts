import { begin, create } from './calls.ts'
import { checkHistory } from './checker/check-history.ts'
import { injectFault } from './faults.ts'
import type { History } from './history.ts'
import { drawScenario } from './scenario.ts'
import { createSeededRandom } from './seeded-random.ts'
import { Workload } from './workload.ts'
import { type Host, World } from './world.ts'

/** What a schedule may contain. */
export interface Plan {
  readonly seed: number
  /** Messages are lost, repeated, late; calls, processes and clocks go wrong. */
  readonly faults: boolean
  /** The store may lose its tail. */
  readonly losses: boolean
  /** Steps that are left out; the others stay what they are. */
  readonly skippedSteps?: ReadonlySet<number>
  /** Is told of each step. */
  readonly onStep?: (step: number, what: string) => void
}

/** Runs one schedule of random calls and faults, heals, and returns what is wrong: nothing, if all is well. */
export async function runSchedule(plan: Plan): Promise<string[]> {
  return checkHistory(await runToHistory(plan))
}

/** Runs one schedule, and returns what happened. */
export async function runToHistory({ seed, faults, losses, skippedSteps, onStep }: Plan): Promise<History> {
  const dice = createSeededRandom(seed * 7919)
  const scenario = drawScenario(dice, { losses })
  const world = new World(seed, scenario)
  const { recorder, time } = world
  const workload = new Workload(recorder)
  const { keys } = scenario
  const createAll = (id: string): void => {
    const [{ process }] = world.hosts as [Host]
    for (const key of keys) create(workload, { process, key, id: `${id} ${key}`, at: 0, dice })
  }
  createAll('first')
  await time.advance(100)
  world.addLatency()
  // many short ones, for what matters is how many ways things meet; some long, for what needs many
  const steps = dice.chance(0.75) ? 6 + dice.int(15) : 20 + dice.int(30)
  for (let step = 0; step < steps; step++) {
    if (skippedSteps?.has(step)) continue
    // each step has dice of its own: leaving one out changes no other
    const own = createSeededRandom(seed * 7919 + (step + 1) * 104_729)
    const { pick, chance, int } = own
    const host = pick(world.alive)
    let description: string
    if (chance(0.06) && host.watchers.length > 0) {
      description = 'a watcher starts again'
      world.restart(pick(host.watchers), host)
    } else if (faults && chance(0.4)) description = injectFault(world, own, { losses })
    else if (chance(0.03)) {
      description = `${host.process.name} verifies what it holds`
      workload.verify(host.process)
    } else {
      const burst = chance(0.5) ? 2 + int(3) : 1
      const [key, scattered] = [pick(keys), chance(0.4)]
      description = Array.from({ length: burst }, (_, nth) =>
        begin(workload, {
          process: (nth === 0 || chance(0.5) ? host : pick(world.alive)).process,
          key: scattered ? pick(keys) : key,
          id: `${step}.${nth}`,
          at: step,
          dice: own,
        }),
      ).join('; ')
    }
    onStep?.(step, description)
    await time.advance(chance(0.5) ? 0 : int(60))
    for (const { process } of [host, pick(world.alive)]) if (process.alive) workload.recordHeld(process, keys)
  }
  await world.heal()
  await time.advance(6_000)
  if (workload.open > 0) recorder.problems.push('a call never ended')
  await world.settle()
  world.recordFinalState()
  if (scenario.definition.ttl !== undefined) {
    // after the end of all there was, what is new is seen by everyone
    createAll('anew')
    await time.advance(50)
    // some messages are still to be lost
    for (const { process } of world.hosts) workload.run(process, process.sync.catchUp())
    await time.advance(50)
    world.recordFinalState()
  }
  for (const { process } of world.hosts) workload.verify(process)
  await time.advance(1_000)
  world.close()
  return recorder
}
