import { begin, create } from './calls.ts'
import { checkHistory } from './checker/check-history.ts'
import { injectFault } from './faults.ts'
import type { History } from './history.ts'
import { drawScenario } from './scenario.ts'
import { createSeededRandom } from './seeded-random.ts'
import { Workload } from './workload.ts'
import { type Host, World } from './world.ts'

/** Describes a schedule. */
export interface Plan {
  readonly seed: number
  /** Whether messages, calls, processes and clocks can fail. */
  readonly faults: boolean
  /** Whether the store can lose its tail. */
  readonly losses: boolean
  /** Steps to skip. The other steps do not change. */
  readonly skippedSteps?: ReadonlySet<number>
  /** Called with the description of each step. */
  readonly onStep?: (step: number, description: string) => void
}

/** Runs one schedule of random calls and faults, ends all faults, and returns the problems found. */
export async function runSchedule(plan: Plan): Promise<string[]> {
  return checkHistory(await runToHistory(plan))
}

/** Runs one schedule and returns its history. */
export async function runToHistory({ seed, faults, losses, skippedSteps, onStep }: Plan): Promise<History> {
  const random = createSeededRandom(seed * 7919)
  const scenario = drawScenario(random, { losses })
  const world = new World(seed, scenario)
  const { recorder, time } = world
  const workload = new Workload(recorder)
  const { keys } = scenario
  const createAll = (id: string): void => {
    const [{ process }] = world.hosts as [Host]
    for (const key of keys) create(workload, { process, key, id: `${id} ${key}`, at: 0, random })
  }
  createAll('first')
  await time.advance(100)
  world.addLatency()
  // mostly short schedules, because many different interleavings find more; some long ones for bugs that need many steps
  const steps = random.chance(0.75) ? 6 + random.int(15) : 20 + random.int(30)
  for (let step = 0; step < steps; step++) {
    if (skippedSteps?.has(step)) continue
    // each step has its own random sequence, so that skipping a step changes no other
    const stepRandom = createSeededRandom(seed * 7919 + (step + 1) * 104_729)
    const { pick, chance, int } = stepRandom
    const host = pick(world.alive)
    let description: string
    if (chance(0.06) && host.watchers.length > 0) {
      description = 'a watcher resumes'
      world.restart(pick(host.watchers), host)
    } else if (faults && chance(0.4)) description = injectFault(world, stepRandom, { losses })
    else if (chance(0.03)) {
      description = `${host.process.name}: verify`
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
          random: stepRandom,
        }),
      ).join('; ')
    }
    onStep?.(step, description)
    await time.advance(chance(0.5) ? 0 : int(60))
    for (const { process } of [host, pick(world.alive)]) if (process.alive) workload.recordCached(process, keys)
  }
  await world.heal()
  await time.advance(6_000)
  if (workload.pending > 0) recorder.problems.push('a call never settled')
  await world.settle()
  world.recordFinalState()
  if (scenario.definition.ttl !== undefined) {
    // all documents have expired by now; new ones must reach every process
    createAll('anew')
    await time.advance(50)
    // faults can still drop a few messages, so the processes catch up
    for (const { process } of world.hosts) workload.run(process, process.sync.catchUp())
    await time.advance(50)
    world.recordFinalState()
  }
  for (const { process } of world.hosts) workload.verify(process)
  await time.advance(1_000)
  world.close()
  return recorder
}
