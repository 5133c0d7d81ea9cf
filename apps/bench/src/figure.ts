/** What is asked: of the ratio of ours to the yardstick's, of their difference (ours less the yardstick's), or of ours alone. */
export type Goal =
  | { readonly atLeast: number; readonly of?: GoalSubject }
  | { readonly atMost: number; readonly of?: GoalSubject }

/** Default: of the ratio. */
type GoalSubject = 'ratio' | 'difference' | 'ours'

/** What a figure came to. */
export interface Measurement {
  readonly ours: number
  readonly baseline: number
  /** Ours to the yardstick's. */
  readonly ratio: number
  /** How far apart the middle four fifths of the rounds' ratios lie, relative to their median. 0: counted, not timed. */
  readonly spread: number
}

/** One comparison of ours with a yardstick. */
export interface Figure {
  readonly name: string
  readonly unit: string
  readonly goal?: Goal
  measure(): Promise<Measurement>
}

/** Figures that are run by one name. */
export interface Bench {
  readonly name: string
  readonly figures: readonly Figure[]
}

/** A line of the report. `goal` is `null` where nothing is asked; `met` is true then. */
export interface ReportLine extends Measurement {
  readonly bench: string
  readonly figure: string
  readonly unit: string
  readonly goal: number | null
  readonly of: GoalSubject
  readonly met: boolean
}

/** Judges what was measured by the figure's goal. */
export function reportLine(bench: string, { name, unit, goal }: Figure, measured: Measurement): ReportLine {
  const { ours, baseline, ratio, spread } = measured
  return { bench, figure: name, unit, ours, baseline, ratio, spread, ...evaluateGoal(measured, goal) }
}

function evaluateGoal(
  { ours, baseline, ratio }: Measurement,
  goal: Goal | undefined,
): Pick<ReportLine, 'goal' | 'of' | 'met'> {
  if (goal === undefined) return { goal: null, of: 'ratio', met: true }
  const { of = 'ratio' } = goal
  const value = { ratio, difference: ours - baseline, ours }[of]
  return 'atLeast' in goal
    ? { goal: goal.atLeast, of, met: value >= goal.atLeast }
    : { goal: goal.atMost, of, met: value <= goal.atMost }
}
