import type { ReplicaEvent } from './replica-event.ts'

/** Takes what a replica shows, in the order of its document. */
export interface ReplicaObserver {
  observe(observation: ReplicaEvent): void
  /** The highest sequence that it was shown, should that come from elsewhere too: it may be ahead of the replica. */
  readonly highestSeen?: number
  /** The sequence of a change that it was shown from elsewhere, of a document that exists for all it knows; 0: none. */
  readonly aheadSequence?: number
  /** Its document goes on from before what it was shown. */
  rewind?(): void
}

/** Who watches single documents. */
export class DocumentObservers {
  readonly #byKey = new Map<string, Set<ReplicaObserver>>()

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
  add(key: string, observer: ReplicaObserver): () => void {
    const observers = this.#byKey.get(key) ?? new Set()
    this.#byKey.set(key, observers.add(observer))
    return () => {
      observers.delete(observer)
      if (observers.size === 0 && this.#byKey.get(key) === observers) this.#byKey.delete(key)
    }
  }

  notify(event: ReplicaEvent): void {
    for (const observer of this.#byKey.get(event.key) ?? []) observer.observe(event)
  }

  /** The replica knew of no document, nor does it now: whoever was shown one that came after `sequence` is shown its end. */
  notifyRemoved(event: ReplicaEvent, sequence: number): void {
    for (const observer of this.#byKey.get(event.key) ?? [])
      if ((observer.aheadSequence ?? 0) > sequence) observer.observe(event)
  }

  /** The replica goes on in another history; whoever was shown more than is part of that has to begin again. */
  rewindPastFork(key: string, isShared: (sequence: number) => boolean): void {
    for (const observer of this.#byKey.get(key) ?? []) if (!isShared(observer.highestSeen ?? 0)) observer.rewind?.()
  }

  clear(): void {
    this.#byKey.clear()
  }
}
