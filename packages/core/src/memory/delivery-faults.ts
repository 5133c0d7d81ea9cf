import { assertInteger } from '../model/assert.ts'
import { ArgumentError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import type { FaultRates } from './controls.ts'

/** What becomes of one delivery. */
export type DeliveryOutcome = 'delivered' | 'drop' | 'repeat' | 'reorder'

const FAULTS = ['drop', 'repeat', 'reorder'] as const
type Fault = (typeof FAULTS)[number]

/** Decides about deliveries: by count first, then by chance. */
export class DeliveryFaults {
  readonly #runtime: Runtime
  readonly #counts: Record<Fault, number> = { drop: 0, repeat: 0, reorder: 0 }
  #rates: FaultRates = {}
  #delay = { ms: 0, spread: 0 }

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  failNext(fault: Fault, n = 1): void {
    this.#counts[fault] += assertInteger(n, 'n', 0)
  }

  setRates(chances: FaultRates): void {
    for (const fault of FAULTS) {
      const probability = chances[fault] ?? 0
      if (!(probability >= 0 && probability <= 1))
        throw new ArgumentError(`${fault}: not a probability: ${probability}`)
    }
    this.#rates = { ...chances }
  }

  setDelay(ms: number, spread = 0): void {
    for (const span of [ms, spread]) {
      if (!(span >= 0 && span < Number.POSITIVE_INFINITY)) throw new ArgumentError(`delay: not a number of ms: ${span}`)
    }
    this.#delay = { ms, spread }
  }

  /** `reorderable`: is there not one already that waits for this delivery to pass it? */
  nextOutcome(reorderable: boolean): DeliveryOutcome {
    const candidates = reorderable ? FAULTS : (['drop', 'repeat'] as const)
    const counted = candidates.find((fault) => this.#counts[fault] > 0)
    if (counted) {
      this.#counts[counted]--
      return counted
    }
    return candidates.find((fault) => this.#draw(this.#rates[fault])) ?? 'delivered'
  }

  /** How long the next delivery takes, in ms. */
  nextDelay(): number {
    const { ms, spread } = this.#delay
    return spread > 0 ? ms + this.#runtime.random() * spread : ms
  }

  /** Draws only where there is something to decide: what is switched off leaves a seeded run as it is. */
  #draw(probability = 0): boolean {
    return probability > 0 && this.#runtime.random() < probability
  }
}
