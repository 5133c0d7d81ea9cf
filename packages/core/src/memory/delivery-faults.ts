import { assertInteger } from '../model/assert.ts'
import { ArgumentError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import type { FaultRates } from './controls.ts'

/** Outcome of one delivery. */
export type DeliveryOutcome = 'delivered' | 'drop' | 'repeat' | 'reorder'

const FAULTS = ['drop', 'repeat', 'reorder'] as const
type Fault = (typeof FAULTS)[number]

/** Decides the outcome of deliveries: by count first, then at random. */
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

  setRates(rates: FaultRates): void {
    for (const fault of FAULTS) {
      const probability = rates[fault] ?? 0
      if (!(probability >= 0 && probability <= 1))
        throw new ArgumentError(`${fault}: expected a probability from 0 to 1, got ${probability}`)
    }
    this.#rates = { ...rates }
  }

  setDelay(ms: number, spread = 0): void {
    for (const span of [ms, spread]) {
      if (!(span >= 0 && span < Number.POSITIVE_INFINITY))
        throw new ArgumentError(`delay: expected a finite number of ms, got ${span}`)
    }
    this.#delay = { ms, spread }
  }

  /** `canReorder` is false while another delivery waits to be overtaken by this one. */
  nextOutcome(canReorder: boolean): DeliveryOutcome {
    const candidates = canReorder ? FAULTS : (['drop', 'repeat'] as const)
    const counted = candidates.find((fault) => this.#counts[fault] > 0)
    if (counted) {
      this.#counts[counted]--
      return counted
    }
    return candidates.find((fault) => this.#draw(this.#rates[fault])) ?? 'delivered'
  }

  /** Returns the delay of the next delivery in ms. */
  nextDelay(): number {
    const { ms, spread } = this.#delay
    return spread > 0 ? ms + this.#runtime.random() * spread : ms
  }

  /** Draws only if the probability is positive, so that a disabled fault does not change a seeded run. */
  #draw(probability = 0): boolean {
    return probability > 0 && this.#runtime.random() < probability
  }
}
