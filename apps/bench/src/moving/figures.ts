import type { Figure, Measured } from '../figure.ts'
import type { Journey } from './journeys.ts'
import type { Moved } from './move.ts'

/**
 * What moving a fleet under load costs it, and what the new bus is like. A move cannot be faster than the bus that it leads to:
 * it is compared with the slower of the two.
 */
export function movingFigures(journey: Journey): readonly Figure[] {
  let moved: Promise<Moved> | undefined
  const compare = async (
    choose: (p95: Moved['p95']) => readonly [ours: number, yardstick: number],
  ): Promise<Measured> => {
    moved ??= journey.run()
    const { p95, lost, wrong } = await moved
    if (lost > 0 || wrong.length > 0) throw new Error(`${journey.name}: ${lost} changes lost; ${wrong.join('; ')}`)
    const [ours, yardstick] = choose(p95)
    return { ours, yardstick, ratio: ours / yardstick, spread: 0 }
  }
  const unit = 'ms, less is better'
  return [
    {
      name: `${journey.name}: written to shown elsewhere, p95 while 3 instances move, against the slower bus`,
      unit,
      goal: { atMost: 2 },
      measure: () => compare(({ before, during, after }) => [during, Math.max(before, after)]),
    },
    {
      name: `${journey.name}: the same when they have moved, against before`,
      unit,
      measure: () => compare(({ before, after }) => [after, before]),
    },
  ]
}
