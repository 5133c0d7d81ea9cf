import { plans } from './plans.ts'
import type { Plan } from './schedule.ts'
import { judge } from './shrink.ts'

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

/** The first schedule that fails; each seed makes one of each kind. `onSeed` is told of each before it begins. */
export async function firstFailure(
  { from, seeds }: Range,
  onSeed: (seed: number) => void = () => {},
): Promise<Failure | undefined> {
  for (let seed = from; seed < from + seeds; seed++) {
    onSeed(seed)
    for (const [name, kind] of Object.entries(plans)) {
      const plan = { seed, ...kind }
      const wrong = await judge(plan)
      if (wrong.length > 0) return { plan, name, wrong }
    }
  }
  return undefined
}
