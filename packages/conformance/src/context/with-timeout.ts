import { Violation } from '../checkers/assertions.ts'
import type { Clock } from './clock.ts'

/**
 * Resolves or rejects as the promise does.
 * @throws Violation if the promise does not settle within `ms` of the clock.
 */
export function withTimeout<T>(clock: Clock, ms: number, promise: Promise<T>, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.schedule(ms, () => reject(new Violation(`timed out: ${what} did not settle within ${ms} ms`)))
    promise.then(resolve, reject).finally(cancel)
  })
}
