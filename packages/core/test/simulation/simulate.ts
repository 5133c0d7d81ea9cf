import { plans } from './plans.ts'
import type { Plan } from './schedule.ts'
import { judge, shrink } from './shrink.ts'

/** Which seeds. */
export interface Range {
  readonly from: number
  readonly seeds: number
}

/** A schedule that fails, and what is wrong after it. */
export interface Failure {
  readonly plan: Plan
  readonly name: string
  readonly wrong: readonly string[]
}

/** The first schedule that fails; each seed makes one of each kind. */
export async function firstFailure({ from, seeds }: Range): Promise<Failure | undefined> {
  for (let seed = from; seed < from + seeds; seed++) {
    for (const [name, kind] of Object.entries(plans)) {
      const plan = { seed, ...kind }
      const wrong = await judge(plan)
      if (wrong.length > 0) return { plan, name, wrong }
    }
  }
  return undefined
}

/** Prints how many schedules went well and how fast, or the first that did not, as short as it can be made. */
export async function simulate(range: Range): Promise<Failure | undefined> {
  const started = performance.now()
  const failure = await firstFailure(range)
  if (failure) {
    const { seed } = failure.plan
    console.log(`seed ${seed}, ${failure.name}:\n  ${failure.wrong.join('\n  ')}`)
    const { history, wrong } = await shrink(failure.plan)
    console.log(`\nthe same, shrunken:\n  ${history.join('\n  ')}\nand then:\n  ${wrong.join('\n  ')}`)
    console.log(`\npnpm simulate --seed ${seed} --seeds 1 runs it again`)
  } else {
    const schedules = range.seeds * Object.keys(plans).length
    const seconds = (performance.now() - started) / 1000
    console.log(`simulation: ${schedules} schedules, none wrong (${Math.round(schedules / seconds)} a second)`)
  }
  return failure
}
