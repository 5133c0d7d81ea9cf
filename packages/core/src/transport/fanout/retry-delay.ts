import { backoffDelay } from '../../model/backoff.ts'
import type { Runtime } from '../../model/runtime.ts'

/** Delay between two attempts: increasing, jittered, and cancelled when a retry can succeed at once. */
export class RetryDelay {
  readonly #runtime: Runtime
  #skip: () => void = () => {}

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** Resolves when attempt `attempt + 1` is due. */
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

  /** Ends the current wait. */
  skip(): void {
    this.#skip()
  }
}
