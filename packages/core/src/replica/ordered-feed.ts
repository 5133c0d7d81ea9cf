import type { JumpReason, Observation } from './observation.ts'

/** Takes a section's changes in the order of its sequence. */
export interface OrderedObserver {
  /** The highest sequence that it was shown, by whatever way: what lies beyond a fork has to be taken back. */
  readonly reach: number
  observe(observation: Observation): void
  /** What follows begins after `sequence`, and what lies before cannot be told change by change. */
  jump(sequence: number, reason: JumpReason): void
}

/**
 * Puts the changes of a section into the order of its sequence: one beyond a hole waits until the hole is filled.
 * Whoever comes while there is a hole gets what waits behind it.
 */
export class OrderedFeed {
  readonly #observers = new Set<OrderedObserver>()
  readonly #waiting = new Map<number, () => Observation>()
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
  wants(sequence: number): boolean {
    return sequence > this.#released && (this.#observers.size > 0 || sequence > this.#released + 1)
  }

  /** A change (again: what is known of it now is better). */
  put(sequence: number, observation: () => Observation): void {
    if (this.wants(sequence)) this.#waiting.set(sequence, observation)
  }

  /** Hands out everything up to the end of the gap-free run. */
  release(gapFree: number): void {
    while (this.#released < gapFree) {
      const observation = this.#waiting.get(++this.#released)
      if (!observation) continue
      this.#waiting.delete(this.#released)
      const known = observation()
      for (const observer of this.#observers) observer.observe(known)
    }
  }

  /** Another epoch: what waits beyond the fork never was; what was handed out beyond it has to be taken back. */
  adopt(gapFree: number, fork: number | undefined): void {
    for (const sequence of this.#waiting.keys())
      if (fork === undefined || sequence > fork) this.#waiting.delete(sequence)
    // without a fork it is another count, which may begin anywhere
    this.#released = fork === undefined ? gapFree : Math.min(this.#released, gapFree)
    for (const observer of this.#observers) {
      if (fork === undefined || observer.reach > fork) observer.jump(this.#released, 'epoch')
    }
  }

  /** Something that has no place in the sequence, such as an expiry. */
  tell(observation: Observation): void {
    for (const observer of this.#observers) observer.observe(observation)
  }

  /** What waits behind a hole will be put again. */
  forgetWaiting(): void {
    this.#waiting.clear()
  }

  /** Goes on after `sequence` with a hole behind. */
  jump(sequence: number, reason: JumpReason): void {
    for (const waiting of this.#waiting.keys()) if (waiting <= sequence) this.#waiting.delete(waiting)
    this.#released = sequence
    for (const observer of this.#observers) observer.jump(sequence, reason)
  }

  observe(observer: OrderedObserver): () => void {
    this.#observers.add(observer)
    return () => this.#observers.delete(observer)
  }
}
