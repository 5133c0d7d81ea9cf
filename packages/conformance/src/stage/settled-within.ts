import { Violation } from '../judge/violation.ts'
import type { Clock } from './clock.ts'

/** The value of a promise. @throws Violation if it has not settled after `ms` of the clock: a hang is cut off, not waited for */
export function settledWithin<T>(clock: Clock, ms: number, promise: Promise<T>, otherwise: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.timer(ms, () => reject(new Violation(otherwise)))
    promise.then(resolve, reject).finally(cancel)
  })
}
