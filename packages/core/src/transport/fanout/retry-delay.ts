import { backoffDelay } from '../../model/backoff.ts'
import type { Runtime } from '../../model/runtime.ts'

/** The wait between two attempts: longer each time, jittered, and over at once when there is reason to try now. */
export class RetryDelay {
  readonly #runtime: Runtime
  #skip: () => void = () => {}

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** Resolves when it is time for attempt `attempt + 1`. */
  async wait(attempt: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#runtime.schedule(resolve, backoffDelay(attempt, this.#runtime.random()))
      this.#skip = () => {
        cancel()
        resolve()
      }
    })
    this.#skip = () => {}
  }

  /** Ends a wait under way. */
  skip(): void {
    this.#skip()
  }
}
