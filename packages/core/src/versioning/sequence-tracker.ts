/**
 * Which sequences of a section were seen: the run without a hole, and single ones beyond it.
 *
 * `highest` is another thing: the highest sequence ever shown or acknowledged here, by whatever answer. Loss is judged by
 * it, silence by `gapFree`.
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

  /** Sequences seen beyond the first hole. */
  get outOfOrder(): number {
    return this.#outOfOrder.size
  }

  /** How many sequences below the highest noted one are missing. */
  get missing(): number {
    if (this.#outOfOrder.size === 0) return 0
    return Math.max(...this.#outOfOrder) - this.#contiguous - this.#outOfOrder.size
  }

  /** Begins anew at a head that everything held is as of, or newer. */
  resetTo(sequence: number): void {
    this.#contiguous = sequence
    this.#highest = sequence
    this.#outOfOrder.clear()
  }

  /** A change of this sequence arrived. False: it had been seen before. */
  add(sequence: number): boolean {
    this.observe(sequence)
    if (sequence <= this.#contiguous || this.#outOfOrder.has(sequence)) return false
    if (sequence === this.#contiguous + 1) {
      this.#contiguous = sequence
      this.#absorb()
    } else this.#outOfOrder.add(sequence)
    return true
  }

  /** Forgets the single ones beyond the hole, so that they are news again when they come. */
  clearOutOfOrder(): void {
    this.#outOfOrder.clear()
  }

  /** Some answer told of this sequence. */
  observe(sequence: number): void {
    if (sequence > this.#highest) this.#highest = sequence
  }

  /** Everything up to here has been given to us. */
  fillTo(sequence: number): void {
    this.observe(sequence)
    if (sequence > this.#contiguous) {
      for (const each of this.#outOfOrder) if (each <= sequence) this.#outOfOrder.delete(each)
      this.#contiguous = sequence
    }
    this.#absorb()
  }

  /** Forgets what lies beyond a fork; the gap-free run goes back to it, never past it. */
  truncateTo(fork: number): void {
    for (const each of this.#outOfOrder) if (each > fork) this.#outOfOrder.delete(each)
    this.#contiguous = Math.min(this.#contiguous, fork)
    this.#highest = Math.min(this.#highest, fork)
  }

  #absorb(): void {
    while (this.#outOfOrder.delete(this.#contiguous + 1)) this.#contiguous++
  }
}
