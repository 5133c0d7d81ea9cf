/** Reports whether subscribers receive everything that is published. Reports each state once. */
export class Connectivity {
  readonly #onState: (state: 'up' | 'down') => void
  #up = false

  constructor(onState: (state: 'up' | 'down') => void) {
    this.#onState = onState
  }

  get up(): boolean {
    return this.#up
  }

  /** Sets the state, and reports a change of it. */
  set(up: boolean): void {
    if (up === this.#up) return
    this.#up = up
    this.#onState(up ? 'up' : 'down')
  }

  /** Reports `down` and `up`: something was lost, but delivery continues. No effect while down. */
  pulse(): void {
    if (!this.#up) return
    this.set(false)
    this.set(true)
  }
}
