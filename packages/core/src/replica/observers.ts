import type { Observation } from './observation.ts'

/** Takes what a replica shows, in the order of its document. */
export type Observer = (observation: Observation) => void

/** Who watches single documents. */
export class Observers {
  readonly #byKey = new Map<string, Set<Observer>>()

  get size(): number {
    let size = 0
    for (const observers of this.#byKey.values()) size += observers.size
    return size
  }

  has(key: string): boolean {
    return this.#byKey.has(key)
  }

  /** From now on. The returned function ends it. */
  add(key: string, observer: Observer): () => void {
    const observers = this.#byKey.get(key) ?? new Set()
    this.#byKey.set(key, observers.add(observer))
    return () => {
      observers.delete(observer)
      if (observers.size === 0 && this.#byKey.get(key) === observers) this.#byKey.delete(key)
    }
  }

  show(observation: Observation): void {
    for (const observer of this.#byKey.get(observation.key) ?? []) observer(observation)
  }

  clear(): void {
    this.#byKey.clear()
  }
}
