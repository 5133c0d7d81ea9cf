import type { Runtime } from '../model/runtime.ts'
import { abortable } from './abortable.ts'
import type { RecordedChange } from './format.ts'

/** Paces recorded changes as they were recorded, or `speed` times faster. */
export class Pacer {
  readonly #speed: number | 'max'
  readonly #runtime: Runtime
  readonly #signal: AbortSignal
  /** Times at which the first change was recorded and replayed. */
  #start: { readonly recorded: number; readonly played: number } | undefined

  constructor(speed: number | 'max', runtime: Runtime, signal: AbortSignal) {
    this.#speed = speed
    this.#runtime = runtime
    this.#signal = signal
  }

  /**
   * Resolves when the change is due. A late change does not delay later ones, so the pace does not drift. @throws the
   * signal's reason
   */
  async waitForTurn({ kind, at }: RecordedChange): Promise<void> {
    // A reset has the time of its document's last change, which may be long ago.
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
