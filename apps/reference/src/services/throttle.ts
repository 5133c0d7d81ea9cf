import { setImmediate, setTimeout } from 'node:timers/promises'
import type { RateLimiter } from 'feed'

/** Writes per second; 0 pauses, `max` is unlimited. */
export type Rate = number | 'max'

const STEP_MS = 20
const ACQUIRES_PER_YIELD = 16

/** A rate limiter whose rate can be changed while it is in use. Time lost during a pause is not made up for. */
export class Throttle implements RateLimiter {
  readonly #signal: AbortSignal
  #rate: Rate
  #paused = false
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

  /** Blocks all acquisitions until `resume`, regardless of the rate. */
  pause(): void {
    this.#paused = true
  }

  /** Ends `pause`. */
  resume(): void {
    this.#paused = false
  }

  async acquire(): Promise<void> {
    this.#refill()
    // the rate can change while this waits
    while ((this.#paused || (this.#rate !== 'max' && this.#credit < 1)) && !this.#signal.aborted) {
      await setTimeout(STEP_MS, undefined, { signal: this.#signal }).catch(() => undefined)
      this.#refill()
    }
    if (this.#rate !== 'max') this.#credit -= 1
    // other tasks in this process need the event loop too
    else if (++this.#acquired % ACQUIRES_PER_YIELD === 0) await setImmediate()
  }

  #refill(): void {
    const now = performance.now()
    const rate = this.#rate === 'max' ? 0 : this.#rate
    // at most the credit of a tenth of a second, so that a pause is not made up for
    this.#credit = Math.min(this.#credit + ((now - this.#refilledAt) * rate) / 1_000, Math.max(1, rate / 10))
    this.#refilledAt = now
  }
}
