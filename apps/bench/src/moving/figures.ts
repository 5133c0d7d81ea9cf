import type { Figure, Measured } from '../figure.ts'
import type { Journey } from './journeys.ts'
import type { Moved } from './move.ts'

/** What moving a fleet under load costs it, and what the new bus is like. */
export function movingFigures(journey: Journey): readonly Figure[] {
  let moved: Promise<Moved> | undefined
  const p95 = async (phase: 'during' | 'after'): Promise<Measured> => {
    moved ??= journey.run()
    const { p95, lost, wrong } = await moved
    if (lost > 0 || wrong.length > 0) throw new Error(`${journey.name}: ${lost} changes lost; ${wrong.join('; ')}`)
    return { ours: p95[phase], yardstick: p95.before, ratio: p95[phase] / p95.before, spread: 0 }
  }
  const unit = 'ms, less is better'
  return [
    {
      name: `${journey.name}: written to shown elsewhere, p95 while 3 instances move, against before`,
      unit,
      goal: { atMost: 2 },
      measure: () => p95('during'),
    },
    { name: `${journey.name}: the same when they have moved, against before`, unit, measure: () => p95('after') },
  ]
}
