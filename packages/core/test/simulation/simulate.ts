import { type Failure, firstFailure, type SeedRange } from './first-failure.ts'
import { plans } from './plans.ts'
import { shrink } from './shrink.ts'
import { firstFailureInParallel } from './workers.ts'

/** After so many seeds it is told how far it is. */
const PROGRESS_EVERY = 10_000

/** Prints how many schedules went well and how fast, or the first that did not, as short as it can be made. */
export async function simulate(range: SeedRange, threads: number): Promise<Failure | undefined> {
  const started = performance.now()
  const kinds = Object.keys(plans).length
  let good = 0
  const onGood = (seeds: number): void => {
    good += seeds
    if (good % PROGRESS_EVERY === 0 && good < range.seeds)
      console.log(`simulation: ${good * kinds} schedules, none wrong so far`)
  }
  const failure = threads > 1 ? await firstFailureInParallel(threads, range, onGood) : await firstFailure(range)
  if (failure) {
    const { seed } = failure.plan
    console.log(`seed ${seed}, ${failure.name}:\n  ${failure.problems.join('\n  ')}`)
    const { history, wrong } = await shrink(failure.plan)
    console.log(`\nthe same, shrunken:\n  ${history.join('\n  ')}\nand then:\n  ${wrong.join('\n  ')}`)
    console.log(`\npnpm simulate --seed ${seed} --seeds 1 runs it again`)
  } else {
    const schedules = range.seeds * kinds
    const seconds = (performance.now() - started) / 1000
    const speed = `${Math.round(schedules / seconds)} a second by ${threads} threads`
    console.log(`simulation: ${schedules} schedules, none wrong (${speed})`)
  }
  return failure
}
