import { type Plan, runSchedule } from './schedule.ts'

/** The smallest failing history found: the descriptions of the remaining steps, and the problems after them. */
export interface ShrunkFailure {
  readonly history: readonly string[]
  readonly problems: readonly string[]
}

/** Removes steps from a failing schedule, in ever smaller portions, as long as it still fails. */
export async function shrink(plan: Plan): Promise<ShrunkFailure> {
  let best = await attempt(plan, new Set())
  for (let portion = Math.ceil(best.steps.length / 2); ; portion = Math.ceil(portion / 2)) {
    for (let from = 0; from < best.steps.length; ) {
      const smaller = await attempt(plan, new Set([...best.skippedSteps, ...best.steps.slice(from, from + portion)]))
      if (smaller.problems.length > 0) best = smaller
      else from += portion
    }
    if (portion <= 1) return best
  }
}

interface ShrinkAttempt extends ShrunkFailure {
  readonly skippedSteps: ReadonlySet<number>
  readonly steps: readonly number[]
}

async function attempt(plan: Plan, skippedSteps: ReadonlySet<number>): Promise<ShrinkAttempt> {
  const steps: number[] = []
  const history: string[] = []
  const onStep = (step: number, description: string): void => {
    steps.push(step)
    history.push(`${step}: ${description}`)
  }
  const problems = await problemsOf({ ...plan, skippedSteps, onStep })
  return { skippedSteps, steps, history, problems }
}

/** Runs a schedule and returns its problems. An error that it throws counts as a problem. */
export async function problemsOf(plan: Plan): Promise<string[]> {
  try {
    return await runSchedule(plan)
  } catch (error) {
    return [String(error)]
  }
}
