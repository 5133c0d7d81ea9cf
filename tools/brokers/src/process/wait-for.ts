import { setTimeout as sleep } from 'node:timers/promises'

/** How long, and what is awaited: for the message. */
export interface WaitForOptions {
  readonly what: string
  /** Milliseconds. @default 30_000 */
  readonly timeout?: number
  /** Milliseconds between two tries. @default 10 */
  readonly interval?: number
}

/** Tries until it neither throws nor answers `false`, and answers that; throws what the last try threw when time is up. */
export async function waitFor<T>(attempt: () => T | false | Promise<T | false>, options: WaitForOptions): Promise<T> {
  const { what, timeout = 30_000, interval = 10 } = options
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
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeout} ms`, { cause })
    await sleep(interval)
  }
}

/** Thrown by an attempt: no further try will help. */
export class GiveUpError extends Error {
  override name = 'GiveUpError'
  constructor(cause: unknown) {
    super('no further try will help', { cause })
  }
}
