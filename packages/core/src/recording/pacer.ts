import type { Runtime } from '../model/runtime.ts'
import { abortable } from './abortable.ts'
import type { RecordedChange } from './format.ts'

/** Spreads recorded changes over time as they were, or `speed` times faster. */
export class Pacer {
  readonly #speed: number | 'max'
  readonly #runtime: Runtime
  readonly #signal: AbortSignal
  /** When the first one was made, and when it was played. */
  #start: { readonly recorded: number; readonly played: number } | undefined

  constructor(speed: number | 'max', runtime: Runtime, signal: AbortSignal) {
    this.#speed = speed
    this.#runtime = runtime
    this.#signal = signal
  }

  /** Resolves when it is this change's turn. What a late one lost is made up: nothing drifts. @throws the signal's reason */
  async waitForTurn({ kind, at }: RecordedChange): Promise<void> {
    // a value told anew bears the time of its last change, whenever that was
    if (this.#speed === 'max' || kind === 'reset') return
    this.#start ??= { recorded: at, played: this.#runtime.elapsed() }
    const { recorded, played } = this.#start
    const ms = played + (at - recorded) / this.#speed - this.#runtime.elapsed()
    if (ms <= 0) return
    let cancel = (): void => {}
    const turn = new Promise<void>((resolve) => {
      cancel = this.#runtime.schedule(resolve, ms)
    })
    await abortable(turn, this.#signal).finally(cancel)
  }
}
