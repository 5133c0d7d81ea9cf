import { assertInteger } from '../model/assert.ts'
import { ArgumentError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import type { FaultRates } from './controls.ts'

/** Outcome of one delivery. */
export type DeliveryOutcome = 'delivered' | 'drop' | 'repeat' | 'reorder'

const FAULTS = ['drop', 'repeat', 'reorder'] as const
type Fault = (typeof FAULTS)[number]

type Counts = Record<Fault, number>
const noFaults = (): Counts => ({ drop: 0, repeat: 0, reorder: 0 })

/** Decides the outcome of deliveries: by count first, then at random. */
export class DeliveryFaults {
  readonly #runtime: Runtime
  readonly #counts = noFaults()
  /** Counts of single receivers. */
  readonly #countsByReceiver = new WeakMap<object, Counts>()
  #rates: FaultRates = {}
  #delay = { ms: 0, spread: 0 }

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** Makes the next `n` deliveries fail: those to one receiver, or all. */
  failNext(fault: Fault, n = 1, receiver?: object): void {
    this.#countsOf(receiver)[fault] += assertInteger(n, 'n', 0)
  }

  #countsOf(receiver: object | undefined): Counts {
    if (receiver === undefined) return this.#counts
    const counts = this.#countsByReceiver.get(receiver) ?? noFaults()
    this.#countsByReceiver.set(receiver, counts)
    return counts
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
  nextOutcome(receiver: object, canReorder: boolean): DeliveryOutcome {
    const candidates = canReorder ? FAULTS : (['drop', 'repeat'] as const)
    for (const counts of [this.#countsByReceiver.get(receiver), this.#counts]) {
      const counted = counts && candidates.find((fault) => counts[fault] > 0)
      if (!counted) continue
      counts[counted]--
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
