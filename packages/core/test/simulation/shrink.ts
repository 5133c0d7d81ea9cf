import { type Plan, runSchedule } from './schedule.ts'

/** The smallest failing history found: the steps that are left, and what is wrong after them. */
export interface ShrunkFailure {
  readonly history: readonly string[]
  readonly wrong: readonly string[]
}

/** Leaves steps out of a schedule that fails, in ever smaller portions, as long as it goes on failing. */
export async function shrink(plan: Plan): Promise<ShrunkFailure> {
  let best = await attempt(plan, new Set())
  for (let portion = Math.ceil(best.steps.length / 2); ; portion = Math.ceil(portion / 2)) {
    for (let from = 0; from < best.steps.length; ) {
      const tried = await attempt(plan, new Set([...best.without, ...best.steps.slice(from, from + portion)]))
      if (tried.wrong.length > 0) best = tried
      else from += portion
    }
    if (portion <= 1) return best
  }
}

interface ShrinkAttempt extends ShrunkFailure {
  readonly without: ReadonlySet<number>
  readonly steps: readonly number[]
}

async function attempt(plan: Plan, skippedSteps: ReadonlySet<number>): Promise<ShrinkAttempt> {
  const steps: number[] = []
  const history: string[] = []
  const onStep = (step: number, what: string): void => {
    steps.push(step)
    history.push(`${step}: ${what}`)
  }
  const wrong = await problemsOf({ ...plan, skippedSteps, onStep })
  return { without: skippedSteps, steps, history, wrong }
}

/** What is wrong after a schedule; also that it came to no end. */
export async function problemsOf(plan: Plan): Promise<string[]> {
  try {
    return await runSchedule(plan)
  } catch (error) {
    return [String(error)]
  }
}
