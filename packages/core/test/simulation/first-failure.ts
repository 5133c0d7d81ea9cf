import { plans } from './plans.ts'
import type { Plan } from './schedule.ts'
import { problemsOf } from './shrink.ts'

/** A range of seeds. */
export interface SeedRange {
  readonly from: number
  readonly seeds: number
}

/** A failing schedule and its problems. */
export interface Failure {
  readonly plan: Plan
  readonly name: string
  readonly problems: readonly string[]
}

/** Returns the first failing schedule. Each seed runs one schedule of each kind, after a call of `onSeed`. */
export async function firstFailure(
  { from, seeds }: SeedRange,
  onSeed: (seed: number) => void = () => {},
): Promise<Failure | undefined> {
  for (let seed = from; seed < from + seeds; seed++) {
    onSeed(seed)
    for (const [name, kind] of Object.entries(plans)) {
      const plan = { seed, ...kind }
      const problems = await problemsOf(plan)
      if (problems.length > 0) return { plan, name, problems }
    }
  }
  return undefined
}
