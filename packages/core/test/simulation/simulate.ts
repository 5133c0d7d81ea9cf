import { type Failure, firstFailure, type SeedRange } from './first-failure.ts'
import { plans } from './plans.ts'
import { shrink } from './shrink.ts'
import { firstFailureInParallel } from './workers.ts'

/** Number of seeds between two progress messages. */
const PROGRESS_EVERY = 10_000

/** Runs schedules. Prints their number and speed, or the first failing schedule and its shrunken form. */
export async function simulate(range: SeedRange, threads: number): Promise<Failure | undefined> {
  const started = performance.now()
  const kinds = Object.keys(plans).length
  let passed = 0
  const onPassed = (seeds: number): void => {
    passed += seeds
    if (passed % PROGRESS_EVERY === 0 && passed < range.seeds)
      console.log(`simulation: ${passed * kinds} schedules, no failures so far`)
  }
  const failure = threads > 1 ? await firstFailureInParallel(threads, range, onPassed) : await firstFailure(range)
  if (failure) {
    const { seed } = failure.plan
    console.log(`seed ${seed}, ${failure.name}:\n  ${failure.problems.join('\n  ')}`)
    const { history, problems } = await shrink(failure.plan)
    console.log(`\nshrunken:\n  ${history.join('\n  ')}\nproblems after it:\n  ${problems.join('\n  ')}`)
    console.log(`\nrun it again: pnpm simulate --seed ${seed} --seeds 1`)
  } else {
    const schedules = range.seeds * kinds
    const seconds = (performance.now() - started) / 1000
    const speed = `${Math.round(schedules / seconds)} per second on ${threads} threads`
    console.log(`simulation: ${schedules} schedules, no failures (${speed})`)
  }
  return failure
}
