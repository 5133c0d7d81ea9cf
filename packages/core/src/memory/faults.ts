import { ArgumentError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import { wholeNumber } from '../model/whole-number.ts'
import type { DeliveryChances } from './controls.ts'

/** What becomes of one delivery. */
export type Fate = 'delivered' | 'drop' | 'repeat' | 'reorder'

const FAULTS = ['drop', 'repeat', 'reorder'] as const
type Fault = (typeof FAULTS)[number]

/** Decides about deliveries: by count first, then by chance. */
export class DeliveryFaults {
  readonly #runtime: Runtime
  readonly #counts: Record<Fault, number> = { drop: 0, repeat: 0, reorder: 0 }
  #chances: DeliveryChances = {}
  #delay = { ms: 0, spread: 0 }

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  add(fault: Fault, n = 1): void {
    this.#counts[fault] += wholeNumber(n, 'n', 0)
  }

  chance(chances: DeliveryChances): void {
    for (const fault of FAULTS) {
      const probability = chances[fault] ?? 0
      if (!(probability >= 0 && probability <= 1))
        throw new ArgumentError(`${fault}: not a probability: ${probability}`)
    }
    this.#chances = { ...chances }
  }

  delay(ms: number, spread = 0): void {
    for (const span of [ms, spread]) {
      if (!(span >= 0 && span < Number.POSITIVE_INFINITY)) throw new ArgumentError(`delay: not a number of ms: ${span}`)
    }
    this.#delay = { ms, spread }
  }

  /** `reorderable`: is there not one already that waits for this delivery to pass it? */
  fate(reorderable: boolean): Fate {
    const possible = reorderable ? FAULTS : (['drop', 'repeat'] as const)
    const counted = possible.find((fault) => this.#counts[fault] > 0)
    if (counted) {
      this.#counts[counted]--
      return counted
    }
    return possible.find((fault) => this.#happens(this.#chances[fault])) ?? 'delivered'
  }

  /** How long the next delivery takes, in ms. */
  travelTime(): number {
    const { ms, spread } = this.#delay
    return spread > 0 ? ms + this.#runtime.random() * spread : ms
  }

  /** Draws only where there is something to decide: what is switched off leaves a seeded run as it is. */
  #happens(probability = 0): boolean {
    return probability > 0 && this.#runtime.random() < probability
  }
}
