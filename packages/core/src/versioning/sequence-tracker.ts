/**
 * Tracks the sequences of a section that an instance has received: the contiguous ones, and those beyond the first gap.
 *
 * - `contiguous`: every change up to this sequence was received. The heartbeat check compares it with the store's head.
 * - `highest`: the highest sequence in any change or answer. Loss after a new epoch is judged by it.
 */
export class SequenceTracker {
  #contiguous = 0
  #highest = 0
  readonly #outOfOrder = new Set<number>()

  get contiguous(): number {
    return this.#contiguous
  }

  get highest(): number {
    return this.#highest
  }

  /** Number of sequences received beyond the first gap. */
  get outOfOrder(): number {
    return this.#outOfOrder.size
  }

  /** Number of sequences missing below the highest one received. */
  get missing(): number {
    if (this.#outOfOrder.size === 0) return 0
    let last = 0
    for (const each of this.#outOfOrder) last = Math.max(last, each)
    return last - this.#contiguous - this.#outOfOrder.size
  }

  /** Restarts at a head. Every cached document must be at least as recent as that head. */
  resetTo(sequence: number): void {
    this.#contiguous = sequence
    this.#highest = sequence
    this.#outOfOrder.clear()
  }

  /** Records a received change. Returns false if it was received before. */
  add(sequence: number): boolean {
    this.observe(sequence)
    if (sequence <= this.#contiguous || this.#outOfOrder.has(sequence)) return false
    if (sequence === this.#contiguous + 1) {
      this.#contiguous = sequence
      this.#absorb()
    } else this.#outOfOrder.add(sequence)
    return true
  }

  /** Forgets the sequences beyond the gap, so that they count as new when they arrive again. */
  clearOutOfOrder(): void {
    this.#outOfOrder.clear()
  }

  /** Records that the store has reached this sequence. */
  observe(sequence: number): void {
    if (sequence > this.#highest) this.#highest = sequence
  }

  /** Records that every change up to this sequence was received. */
  fillTo(sequence: number): void {
    this.observe(sequence)
    if (sequence > this.#contiguous) {
      for (const each of this.#outOfOrder) if (each <= sequence) this.#outOfOrder.delete(each)
      this.#contiguous = sequence
    }
    this.#absorb()
  }

  /** Forgets the sequences above a fork. The contiguous sequence goes back to the fork, but never forward. */
  truncateTo(fork: number): void {
    for (const each of this.#outOfOrder) if (each > fork) this.#outOfOrder.delete(each)
    this.#contiguous = Math.min(this.#contiguous, fork)
    this.#highest = Math.min(this.#highest, fork)
  }

  #absorb(): void {
    while (this.#outOfOrder.delete(this.#contiguous + 1)) this.#contiguous++
  }
}
