import type { LogPosition } from '../model/position.ts'
import { commonSequence, type Fork, type SectionState } from '../versioning/section-state.ts'

/** Epochs left that are remembered. */
const MAX_PAST_EPOCHS = 64

/** Which history of a section we are in: its epoch, those that led to it, and how often we had to change it. */
export class EpochTracker {
  #epoch = ''
  #ancestors: readonly Fork[] = []
  #switches = 0
  #idOrigin = { epoch: '', opResultCount: 0 }
  /** How far the epochs that we were in are part of this one: a store forgets them sooner. */
  readonly #pastEpochs = new Map<string, number>()

  get epoch(): string {
    return this.#epoch
  }

  /** Rises with every epoch adopted: tells answers to questions asked before. */
  get switches(): number {
    return this.#switches
  }

  /** How far the store's op memory is, as last told: what a new op id is born with. */
  get idOrigin(): { readonly epoch: string; readonly opResultCount: number } {
    return this.#idOrigin
  }

  /** Up to which sequence the changes of an epoch are part of this history; `undefined`: we have not heard of it. */
  commonSequence(epoch: string): number | undefined {
    return commonSequence({ epoch: this.#epoch, ancestors: this.#ancestors }, epoch)
  }

  /** How far a place that we were at reaches in the history that we are in: what lies beyond a fork is another's. */
  validUpTo({ epoch, sequence }: LogPosition): number {
    return sequence === 0 ? 0 : Math.min(sequence, this.commonSequence(epoch) ?? this.#pastEpochs.get(epoch) ?? 0)
  }

  /** Is this place part of our history? */
  includes({ epoch, sequence }: LogPosition): boolean {
    return sequence <= (this.commonSequence(epoch) ?? -1)
  }

  /** Goes on in the epoch of an answer. Returns the sequence up to which the old one is part of it, if it is at all. */
  switchTo(state: SectionState): number | undefined {
    const fork = state.ancestors.find(({ epoch }) => epoch === this.#epoch)?.sequence
    for (const [epoch, upTo] of this.#pastEpochs) this.#pastEpochs.set(epoch, Math.min(upTo, fork ?? 0))
    this.#pastEpochs.set(this.#epoch, fork ?? 0)
    for (const epoch of this.#pastEpochs.keys())
      if (this.#pastEpochs.size > MAX_PAST_EPOCHS) this.#pastEpochs.delete(epoch)
    this.#epoch = state.epoch
    this.#ancestors = state.ancestors
    this.#switches++
    this.#idOrigin = { epoch: state.epoch, opResultCount: state.opResultCount }
    return fork
  }

  /** An answer of our epoch tells how far the op memory is. */
  recordOpResults({ epoch, opResultCount }: SectionState): void {
    if (this.#idOrigin.epoch !== epoch || opResultCount > this.#idOrigin.opResultCount)
      this.#idOrigin = { epoch, opResultCount }
  }
}
