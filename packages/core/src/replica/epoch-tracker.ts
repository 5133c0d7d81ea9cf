import type { LogPosition } from '../model/position.ts'
import { commonSequence, type Fork, type SectionState } from '../versioning/section-state.ts'

/** Maximum number of remembered past epochs. */
const MAX_PAST_EPOCHS = 64

/** The history that a section's replica follows: its epoch, the epochs that led to it, and the number of switches. */
export class EpochTracker {
  #epoch = ''
  #ancestors: readonly Fork[] = []
  #switches = 0
  #idOrigin = { epoch: '', opResultCount: 0 }
  /** Sequence up to which each past epoch belongs to the current history. The store forgets them sooner. */
  readonly #pastEpochs = new Map<string, number>()

  get epoch(): string {
    return this.#epoch
  }

  /** Number of epoch switches. Distinguishes answers to requests that were sent before a switch. */
  get switches(): number {
    return this.#switches
  }

  /** Last reported state of the store's op memory, which a new operation id carries. */
  get idOrigin(): { readonly epoch: string; readonly opResultCount: number } {
    return this.#idOrigin
  }

  /**
   * Returns the sequence up to which an epoch's changes belong to the current history; `undefined` for an unknown
   * epoch.
   */
  commonSequence(epoch: string): number | undefined {
    return commonSequence({ epoch: this.#epoch, ancestors: this.#ancestors }, epoch)
  }

  /**
   * Returns the sequence up to which a past position belongs to the current history. Changes above a fork belong to
   * another.
   */
  validUpTo({ epoch, sequence }: LogPosition): number {
    return sequence === 0 ? 0 : Math.min(sequence, this.commonSequence(epoch) ?? this.#pastEpochs.get(epoch) ?? 0)
  }

  /** True if the current history contains this position. */
  includes({ epoch, sequence }: LogPosition): boolean {
    return sequence <= (this.commonSequence(epoch) ?? -1)
  }

  /**
   * Switches to the epoch of an answer. Returns the fork: the sequence up to which the old epoch belongs to the new
   * history, if it does.
   */
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

  /** Records the state of the op memory from an answer of the current epoch. */
  recordOpResults({ epoch, opResultCount }: SectionState): void {
    if (this.#idOrigin.epoch !== epoch || opResultCount > this.#idOrigin.opResultCount)
      this.#idOrigin = { epoch, opResultCount }
  }
}
