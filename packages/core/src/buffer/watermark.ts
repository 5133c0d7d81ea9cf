/**
 * Which sequences of a section were seen: the run without a hole, and single ones beyond it.
 *
 * `highest` is another thing: the highest sequence ever shown or acknowledged here, by whatever answer. Loss is judged by
 * it, silence by `gapFree`.
 */
export class Watermark {
  #gapFree = 0
  #highest = 0
  readonly #beyond = new Set<number>()

  get gapFree(): number {
    return this.#gapFree
  }

  get highest(): number {
    return this.#highest
  }

  /** Sequences seen beyond the first hole. */
  get beyond(): number {
    return this.#beyond.size
  }

  /** How many sequences below the highest noted one are missing. */
  get missing(): number {
    if (this.#beyond.size === 0) return 0
    return Math.max(...this.#beyond) - this.#gapFree - this.#beyond.size
  }

  /** Begins anew at a head that everything held is as of, or newer. */
  startAt(sequence: number): void {
    this.#gapFree = sequence
    this.#highest = sequence
    this.#beyond.clear()
  }

  /** A change of this sequence arrived. False: it had been seen before. */
  note(sequence: number): boolean {
    this.shown(sequence)
    if (sequence <= this.#gapFree || this.#beyond.has(sequence)) return false
    if (sequence === this.#gapFree + 1) {
      this.#gapFree = sequence
      this.#close()
    } else this.#beyond.add(sequence)
    return true
  }

  /** Forgets the single ones beyond the hole, so that they are news again when they come. */
  forgetBeyond(): void {
    this.#beyond.clear()
  }

  /** Some answer told of this sequence. */
  shown(sequence: number): void {
    if (sequence > this.#highest) this.#highest = sequence
  }

  /** Everything up to here has been given to us. */
  coverTo(sequence: number): void {
    this.shown(sequence)
    if (sequence > this.#gapFree) {
      for (const each of this.#beyond) if (each <= sequence) this.#beyond.delete(each)
      this.#gapFree = sequence
    }
    this.#close()
  }

  /** Forgets what lies beyond a fork; the gap-free run goes back to it, never past it. */
  cutAt(fork: number): void {
    for (const each of this.#beyond) if (each > fork) this.#beyond.delete(each)
    this.#gapFree = Math.min(this.#gapFree, fork)
    this.#highest = Math.min(this.#highest, fork)
  }

  #close(): void {
    while (this.#beyond.delete(this.#gapFree + 1)) this.#gapFree++
  }
}
