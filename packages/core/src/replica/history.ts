import type { Place } from '../model/position.ts'
import { commonUpTo, type Fork, type Standing } from '../versioning/lineage.ts'

/** Which history of a section we are in: its epoch, those that led to it, and how often we had to change it. */
export class History {
  #epoch = ''
  #lineage: readonly Fork[] = []
  #adoptions = 0
  #born = { epoch: '', answers: 0 }

  get epoch(): string {
    return this.#epoch
  }

  /** Rises with every epoch adopted: tells answers to questions asked before. */
  get adoptions(): number {
    return this.#adoptions
  }

  /** How far the store's op memory is, as last told: what a new op id is born with. */
  get born(): { readonly epoch: string; readonly answers: number } {
    return this.#born
  }

  /** Up to which sequence the changes of an epoch are part of this history; `undefined`: we have not heard of it. */
  commonUpTo(epoch: string): number | undefined {
    return commonUpTo({ epoch: this.#epoch, lineage: this.#lineage }, epoch)
  }

  /** Is this place part of our history? */
  holds({ epoch, sequence }: Place): boolean {
    return sequence <= (this.commonUpTo(epoch) ?? -1)
  }

  /** Goes on in the epoch of an answer. Returns the sequence up to which the old one is part of it, if it is at all. */
  adopt(standing: Standing): number | undefined {
    const fork = standing.lineage.find(({ epoch }) => epoch === this.#epoch)?.sequence
    this.#epoch = standing.epoch
    this.#lineage = standing.lineage
    this.#adoptions++
    this.#born = { epoch: standing.epoch, answers: standing.answers }
    return fork
  }

  /** An answer of our epoch tells how far the op memory is. */
  note({ epoch, answers }: Standing): void {
    if (this.#born.epoch !== epoch || answers > this.#born.answers) this.#born = { epoch, answers }
  }
}
