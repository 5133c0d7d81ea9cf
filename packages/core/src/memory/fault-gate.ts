import { assertInteger } from '../model/assert.ts'
import { StoreUnavailableError } from '../model/errors.ts'

interface HeldCall {
  readonly caller: object
  readonly run: () => void
  readonly reject: (error: Error) => void
  readonly committed: 'no' | 'unknown'
}

/** Gate between stores and their server, which injects faults into calls. */
export class FaultGate {
  #unavailable = false
  #paused = false
  #repliesToLose = 0
  #held: HeldCall[] = []

  /** Runs `work` at once, or when `resume` is called. The result never arrives before this call returns. */
  call<I, O>(caller: object, committed: 'no' | 'unknown', input: I, work: (input: I) => O): Promise<O> {
    return new Promise((resolve, reject) => {
      if (this.#unavailable) return reject(unavailableError(committed))
      if (!this.#paused) return resolve(work(input))
      // The caller may modify its input before the call resumes.
      const given = structuredClone(input)
      const run = (): void => {
        try {
          resolve(work(given))
        } catch (error) {
          reject(error)
        }
      }
      this.#held.push({ caller, run, reject, committed })
    })
  }

  /**
   * Called after a commit and before its answer. @throws StoreUnavailableError (`SYNC_STORE_UNAVAILABLE`) if the reply
   * is lost
   */
  failIfReplyLost(): void {
    if (this.#repliesToLose === 0) return
    this.#repliesToLose--
    throw unavailableError('unknown')
  }

  loseReplies(n = 1): void {
    this.#repliesToLose += assertInteger(n, 'n', 0)
  }

  makeUnavailable(): void {
    this.#unavailable = true
    for (const { reject, committed } of this.#held.splice(0)) reject(unavailableError(committed))
  }

  makeAvailable(): void {
    this.#unavailable = false
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    for (const { run } of this.#held.splice(0)) run()
  }

  /** Rejects the held calls of a caller that closes. */
  rejectHeld(caller: object, error: Error): void {
    for (const call of this.#held) if (call.caller === caller) call.reject(error)
    this.#held = this.#held.filter((call) => call.caller !== caller)
  }
}

const unavailableError = (committed: 'no' | 'unknown'): StoreUnavailableError =>
  new StoreUnavailableError('the store is unavailable', committed)
