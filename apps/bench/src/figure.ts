/** A threshold for one of a measurement's values; see `GoalSubject`. */
export type Goal =
  | { readonly atLeast: number; readonly of?: GoalSubject }
  | { readonly atMost: number; readonly of?: GoalSubject }

/** `ratio` (default): ours / baseline. `difference`: ours − baseline. `ours`: the measured value alone. */
type GoalSubject = 'ratio' | 'difference' | 'ours'

/** Result of one figure. */
export interface Measurement {
  readonly ours: number
  readonly baseline: number
  /** `ours` relative to `baseline`: the median of the rounds' ratios. */
  readonly ratio: number
  /** Distance between the 10th and 90th percentile of the rounds' ratios, relative to their median. 0 for counted values. */
  readonly spread: number
}

/** One comparison of `@sync` with a baseline. */
export interface Figure {
  readonly name: string
  readonly unit: string
  readonly goal?: Goal
  measure(): Promise<Measurement>
}

/** Figures that run under one name. */
export interface Bench {
  readonly name: string
  readonly figures: readonly Figure[]
}

/** One line of the report. A figure without a goal has `goal: null` and `met: true`. */
export interface ReportLine extends Measurement {
  readonly bench: string
  readonly figure: string
  readonly unit: string
  readonly goal: number | null
  readonly of: GoalSubject
  readonly met: boolean
}

/** Returns the report line of a measurement, judged by the figure's goal. */
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
