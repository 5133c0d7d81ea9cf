import type { ReloadReason, ReplicaEvent } from './replica-event.ts'

/**
 * Puts a section's changes into sequence order: a change behind a gap waits until the gap is filled. An observer that
 * joins during a gap also receives the changes that wait behind it.
 */
export class ReorderBuffer {
  readonly #observers = new Set<SectionObserver>()
  readonly #pending = new Map<number, () => ReplicaEvent>()
  #released = 0

  get size(): number {
    return this.#observers.size
  }

  /** Sequence of the last released change. An observer that joins now receives the changes after it. */
  get released(): number {
    return this.#released
  }

  startAt(sequence: number): void {
    this.#released = sequence
  }

  /**
   * True if a change at `sequence` must be buffered: an observer exists, or an earlier gap is still open and an
   * observer may join.
   */
  isObserved(sequence: number): boolean {
    return sequence > this.#released && (this.#observers.size > 0 || sequence > this.#released + 1)
  }

  /** Buffers a change. A second call for the same sequence replaces the first, because it knows more. */
  put(sequence: number, createEvent: () => ReplicaEvent): void {
    if (this.isObserved(sequence)) this.#pending.set(sequence, createEvent)
  }

  /** Releases all changes up to `contiguous`, the last sequence before the first gap. */
  releaseUpTo(contiguous: number): void {
    while (this.#released < contiguous) {
      const createEvent = this.#pending.get(++this.#released)
      if (!createEvent) continue
      this.#pending.delete(this.#released)
      const event = createEvent()
      for (const observer of this.#observers) observer.observe(event)
    }
  }

  /**
   * Continues in another epoch: drops pending changes above the fork, and resets observers that received more than the
   * fork.
   */
  switchEpoch(contiguous: number, fork: number | undefined): void {
    for (const sequence of this.#pending.keys())
      if (fork === undefined || sequence > fork) this.#pending.delete(sequence)
    // without a fork, the new epoch has its own numbering, which can start anywhere
    this.#released = fork === undefined ? contiguous : Math.min(this.#released, contiguous)
    for (const observer of this.#observers) {
      if (fork === undefined || observer.highestSeen > fork) observer.reset(this.#released, 'epoch')
    }
  }

  /** Emits an event that has no sequence of its own, such as an expiry. */
  emit(event: ReplicaEvent): void {
    for (const observer of this.#observers) observer.observe(event)
  }

  /** Drops the pending changes. The repair puts them again. */
  clearPending(): void {
    this.#pending.clear()
  }

  /** Continues after `sequence`, leaving an unfilled gap behind. */
  resetTo(sequence: number, reason: ReloadReason): void {
    for (const pending of this.#pending.keys()) if (pending <= sequence) this.#pending.delete(pending)
    this.#released = sequence
    for (const observer of this.#observers) observer.reset(sequence, reason)
  }

  observe(observer: SectionObserver): () => void {
    this.#observers.add(observer)
    return () => this.#observers.delete(observer)
  }
}

/** Receives a section's events in sequence order. */
export interface SectionObserver {
  /**
   * Highest sequence that the observer received from any source. After a new epoch, anything above the fork must be
   * withdrawn.
   */
  readonly highestSeen: number
  observe(event: ReplicaEvent): void
  /** Restarts after `sequence`: earlier changes are not available one by one. */
  reset(sequence: number, reason: ReloadReason): void
}
