import type { Observation } from './observation.ts'

/** Takes what a replica shows, in the order of its document. */
export interface Observer {
  observe(observation: Observation): void
  /** The highest sequence that it was shown, should that come from elsewhere too: it may be ahead of the replica. */
  readonly reach?: number
  /** The sequence of a change that it was shown from elsewhere, of a document that exists for all it knows; 0: none. */
  readonly ahead?: number
  /** Its document goes on from before what it was shown. */
  goBack?(): void
}

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

  /** The documents that are watched. */
  keys(): string[] {
    return [...this.#byKey.keys()]
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
    for (const observer of this.#byKey.get(observation.key) ?? []) observer.observe(observation)
  }

  /** The replica knew of no document, nor does it now: whoever was shown one that came after `sequence` is shown its end. */
  showEnd(observation: Observation, sequence: number): void {
    for (const observer of this.#byKey.get(observation.key) ?? [])
      if ((observer.ahead ?? 0) > sequence) observer.observe(observation)
  }

  /** The replica goes on in another history; whoever was shown more than is part of that has to begin again. */
  carryOver(key: string, goesOn: (sequence: number) => boolean): void {
    for (const observer of this.#byKey.get(key) ?? []) if (!goesOn(observer.reach ?? 0)) observer.goBack?.()
  }

  clear(): void {
    this.#byKey.clear()
  }
}
