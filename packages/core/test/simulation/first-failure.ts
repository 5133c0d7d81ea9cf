import { plans } from './plans.ts'
import type { Plan } from './schedule.ts'
import { problemsOf } from './shrink.ts'

/** Which seeds. */
export interface SeedRange {
  readonly from: number
  readonly seeds: number
}

/** A schedule that fails, and what is wrong after it. */
export interface Failure {
  readonly plan: Plan
  readonly name: string
  readonly problems: readonly string[]
}

/** The first schedule that fails; each seed makes one of each kind. `onSeed` is told of each before it begins. */
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
