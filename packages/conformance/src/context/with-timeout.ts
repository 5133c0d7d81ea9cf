import { Violation } from '../checkers/assertions.ts'
import type { Clock } from './clock.ts'

/** The value of a promise. @throws Violation if it has not settled after `ms` of the clock: a hang is cut off, not waited for */
export function withTimeout<T>(clock: Clock, ms: number, promise: Promise<T>, message: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.schedule(ms, () => reject(new Violation(message)))
    promise.then(resolve, reject).finally(cancel)
  })
}
