import type { Place } from '../model/position.ts'
import { commonUpTo, type Fork, type Standing } from '../versioning/lineage.ts'

/** Epochs left that are remembered. */
const MOST_LEFT = 64

/** Which history of a section we are in: its epoch, those that led to it, and how often we had to change it. */
export class History {
  #epoch = ''
  #lineage: readonly Fork[] = []
  #adoptions = 0
  #born = { epoch: '', answers: 0 }
  /** How far the epochs that we were in are part of this one: a store forgets them sooner. */
  readonly #left = new Map<string, number>()

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

  /** How far a place that we were at reaches in the history that we are in: what lies beyond a fork is another's. */
  reach({ epoch, sequence }: Place): number {
    return sequence === 0 ? 0 : Math.min(sequence, this.commonUpTo(epoch) ?? this.#left.get(epoch) ?? 0)
  }

  /** Is this place part of our history? */
  holds({ epoch, sequence }: Place): boolean {
    return sequence <= (this.commonUpTo(epoch) ?? -1)
  }

  /** Goes on in the epoch of an answer. Returns the sequence up to which the old one is part of it, if it is at all. */
  adopt(standing: Standing): number | undefined {
    const fork = standing.lineage.find(({ epoch }) => epoch === this.#epoch)?.sequence
    for (const [epoch, upTo] of this.#left) this.#left.set(epoch, Math.min(upTo, fork ?? 0))
    this.#left.set(this.#epoch, fork ?? 0)
    for (const epoch of this.#left.keys()) if (this.#left.size > MOST_LEFT) this.#left.delete(epoch)
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
