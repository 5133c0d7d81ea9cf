import type { ReplicaEvent } from './replica-event.ts'

/** Observers of single documents. */
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

  /** Returns the keys of the watched documents. */
  keys(): string[] {
    return [...this.#byKey.keys()]
  }

  /** Adds an observer. Returns a function that removes it. */
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

  /**
   * Notifies observers of a removal that the replica itself did not see: those that received a change after `sequence`.
   */
  notifyRemoved(event: ReplicaEvent, sequence: number): void {
    for (const observer of this.#byKey.get(event.key) ?? [])
      if ((observer.aheadSequence ?? 0) > sequence) observer.observe(event)
  }

  /** Restarts the observers that received changes outside the shared history. */
  rewindPastFork(key: string, isShared: (sequence: number) => boolean): void {
    for (const observer of this.#byKey.get(key) ?? []) if (!isShared(observer.highestSeen ?? 0)) observer.rewind?.()
  }

  clear(): void {
    this.#byKey.clear()
  }
}

/** Receives one document's events, in the document's order. */
export interface ReplicaObserver {
  observe(event: ReplicaEvent): void
  /** Highest sequence that the observer received, including from other sources than the replica. */
  readonly highestSeen?: number
  /**
   * Sequence of a change that the observer received from another source than the replica, while it believes that the
   * document exists; otherwise 0.
   */
  readonly aheadSequence?: number
  /** Restarts the observer, because its document continues from before the observer's last event. */
  rewind?(): void
}
