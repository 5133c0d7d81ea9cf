import { setTimeout as sleep } from 'node:timers/promises'

/** Options of `waitFor`. */
export interface WaitForOptions {
  /** The awaited condition as a clause, for the error message. */
  readonly condition: string
  /** Maximum time to wait, in milliseconds. @default 30_000 */
  readonly timeout?: number
  /** Time between two attempts, in milliseconds. @default 10 */
  readonly interval?: number
}

/**
 * Repeats `attempt` until it returns a value other than `false`, and returns that value.
 * @throws Error when the time is up; its `cause` is the error of the last attempt
 */
export async function waitFor<T>(attempt: () => T | false | Promise<T | false>, options: WaitForOptions): Promise<T> {
  const { condition, timeout = 30_000, interval = 10 } = options
  const deadline = performance.now() + timeout
  for (;;) {
    let cause: unknown
    try {
      const result = await attempt()
      if (result !== false) return result
    } catch (error) {
      if (error instanceof GiveUpError) throw error.cause
      cause = error
    }
    if (performance.now() > deadline)
      throw new Error(`timed out after ${timeout} ms waiting until ${condition}`, { cause })
    await sleep(interval)
  }
}

/** Thrown by an attempt to end `waitFor`, which then throws the `cause`. */
export class GiveUpError extends Error {
  override name = 'GiveUpError'
  constructor(cause: unknown) {
    super('further attempts cannot succeed', { cause })
  }
}
