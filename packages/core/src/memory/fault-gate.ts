import { assertInteger } from '../model/assert.ts'
import { StoreUnavailableError } from '../model/errors.ts'

interface HeldCall {
  readonly caller: object
  readonly run: () => void
  readonly reject: (error: Error) => void
  readonly committed: 'no' | 'unknown'
}

/** What lies between stores and their server: every call goes through it, or does not. */
export class FaultGate {
  #unavailable = false
  #paused = false
  #repliesToLose = 0
  #held: HeldCall[] = []

  /** Does `work` on `input` at once, or when the gate opens again. The answer never comes before this has returned. */
  call<I, O>(caller: object, committed: 'no' | 'unknown', input: I, work: (input: I) => O): Promise<O> {
    return new Promise((resolve, reject) => {
      if (this.#unavailable) return reject(away(committed))
      if (!this.#paused) return resolve(work(input))
      // the caller may change what it gave while the call is held
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

  /** To be called when a commit is done and before it is answered. @throws StoreUnavailableError (`SYNC_STORE_UNAVAILABLE`) if the reply is lost. */
  failIfReplyLost(): void {
    if (this.#repliesToLose === 0) return
    this.#repliesToLose--
    throw away('unknown')
  }

  loseReplies(n = 1): void {
    this.#repliesToLose += assertInteger(n, 'n', 0)
  }

  away(): void {
    this.#unavailable = true
    for (const { reject, committed } of this.#held.splice(0)) reject(away(committed))
  }

  back(): void {
    this.#unavailable = false
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    for (const { run } of this.#held.splice(0)) run()
  }

  /** The caller goes: what is held of it is answered with `error`. */
  rejectHeld(caller: object, error: Error): void {
    for (const call of this.#held) if (call.caller === caller) call.reject(error)
    this.#held = this.#held.filter((call) => call.caller !== caller)
  }
}

const away = (committed: 'no' | 'unknown'): StoreUnavailableError =>
  new StoreUnavailableError('the store is away', committed)
