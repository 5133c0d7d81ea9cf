import { setImmediate, setTimeout } from 'node:timers/promises'
import type { RateLimiter } from 'feed'

/** Writes per second; 0: it stands still. */
export type Rate = number | 'max'

const STEP_MS = 20
const ACQUIRES_PER_YIELD = 16

/** A pacer whose rate can be changed while it goes on. What was missed while it stood still is not made up. */
export class Throttle implements RateLimiter {
  readonly #signal: AbortSignal
  #rate: Rate
  #held = false
  #credit = 0
  #acquired = 0
  #refilledAt: number = performance.now()

  constructor(rate: Rate, signal: AbortSignal) {
    this.#rate = rate
    this.#signal = signal
  }

  get rate(): Rate {
    return this.#rate
  }

  set rate(rate: Rate) {
    this.#rate = rate
    this.#credit = 0
  }

  /** Nobody has a turn until `release`, whatever the rate. */
  hold(): void {
    this.#held = true
  }

  /** Ends `hold`. */
  release(): void {
    this.#held = false
  }

  async acquire(): Promise<void> {
    this.#refill()
    // the rate may become another one while this waits
    while ((this.#held || (this.#rate !== 'max' && this.#credit < 1)) && !this.#signal.aborted) {
      await setTimeout(STEP_MS, undefined, { signal: this.#signal }).catch(() => undefined)
      this.#refill()
    }
    if (this.#rate !== 'max') this.#credit -= 1
    // others in this process want their turn too
    else if (++this.#acquired % ACQUIRES_PER_YIELD === 0) await setImmediate()
  }

  #refill(): void {
    const now = performance.now()
    const rate = this.#rate === 'max' ? 0 : this.#rate
    // at most a tenth of a second's worth: a pause is no debt
    this.#credit = Math.min(this.#credit + ((now - this.#refilledAt) * rate) / 1_000, Math.max(1, rate / 10))
    this.#refilledAt = now
  }
}
