import type { Figure, Measurement } from '../figure.ts'
import type { MigrationResult } from './migrate.ts'
import type { MigrationScenario } from './scenarios.ts'

/**
 * Returns the figures of a fleet's move under load. A move cannot be faster than the bus that it leads to, so it is compared with
 * the slower of the two buses.
 */
export function migrationFigures(scenario: MigrationScenario): readonly Figure[] {
  let result: Promise<MigrationResult> | undefined
  const compare = async (
    choose: (p95: MigrationResult['p95']) => readonly [ours: number, baseline: number],
  ): Promise<Measurement> => {
    result ??= scenario.run()
    const { p95, lost, problems } = await result
    if (lost > 0 || problems.length > 0)
      throw new Error(`${scenario.name}: ${lost} changes lost; ${problems.join('; ')}`)
    const [ours, baseline] = choose(p95)
    return { ours, baseline, ratio: ours / baseline, spread: 0 }
  }
  const unit = 'ms, lower is better'
  return [
    {
      name: `${scenario.name}: write to visible in another instance, p95 while 3 instances move, against the slower bus`,
      unit,
      goal: { atMost: 2 },
      measure: () => compare(({ before, during, after }) => [during, Math.max(before, after)]),
    },
    {
      name: `${scenario.name}: the same after the move, against before it`,
      unit,
      measure: () => compare(({ before, after }) => [after, before]),
    },
  ]
}
