import type { ReloadReason, ReplicaEvent } from './replica-event.ts'

/** Takes a section's changes in the order of its sequence. */
export interface SectionObserver {
  /** The highest sequence that it was shown, by whatever way: what lies beyond a fork has to be taken back. */
  readonly highestSeen: number
  observe(observation: ReplicaEvent): void
  /** What follows begins after `sequence`, and what lies before cannot be told change by change. */
  reset(sequence: number, reason: ReloadReason): void
}

/**
 * Puts the changes of a section into the order of its sequence: one beyond a hole waits until the hole is filled.
 * Whoever comes while there is a hole gets what waits behind it.
 */
export class ReorderBuffer {
  readonly #observers = new Set<SectionObserver>()
  readonly #pending = new Map<number, () => ReplicaEvent>()
  #released = 0

  get size(): number {
    return this.#observers.size
  }

  /** The sequence of the last change handed out; an observer that joins now gets those after it. */
  get released(): number {
    return this.#released
  }

  startAt(sequence: number): void {
    this.#released = sequence
  }

  /** Is there anybody to hear this change, or a hole before it for which somebody may yet come? */
  isObserved(sequence: number): boolean {
    return sequence > this.#released && (this.#observers.size > 0 || sequence > this.#released + 1)
  }

  /** A change (again: what is known of it now is better). */
  put(sequence: number, observation: () => ReplicaEvent): void {
    if (this.isObserved(sequence)) this.#pending.set(sequence, observation)
  }

  /** Hands out everything up to the end of the gap-free run. */
  releaseUpTo(contiguous: number): void {
    while (this.#released < contiguous) {
      const observation = this.#pending.get(++this.#released)
      if (!observation) continue
      this.#pending.delete(this.#released)
      const event = observation()
      for (const observer of this.#observers) observer.observe(event)
    }
  }

  /** Another epoch: what waits beyond the fork never was; what was handed out beyond it has to be taken back. */
  switchEpoch(contiguous: number, fork: number | undefined): void {
    for (const sequence of this.#pending.keys())
      if (fork === undefined || sequence > fork) this.#pending.delete(sequence)
    // without a fork it is another count, which may begin anywhere
    this.#released = fork === undefined ? contiguous : Math.min(this.#released, contiguous)
    for (const observer of this.#observers) {
      if (fork === undefined || observer.highestSeen > fork) observer.reset(this.#released, 'epoch')
    }
  }

  /** Something that has no place in the sequence, such as an expiry. */
  emit(observation: ReplicaEvent): void {
    for (const observer of this.#observers) observer.observe(observation)
  }

  /** What waits behind a hole will be put again. */
  clearPending(): void {
    this.#pending.clear()
  }

  /** Goes on after `sequence` with a hole behind. */
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
