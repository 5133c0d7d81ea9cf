/** Whether all is heard that is sent, as it was told. */
export class Connectivity {
  readonly #onState: (state: 'up' | 'down') => void
  #up = false

  constructor(onState: (state: 'up' | 'down') => void) {
    this.#onState = onState
  }

  get up(): boolean {
    return this.#up
  }

  /** Tells it if it is news. */
  set(up: boolean): void {
    if (up === this.#up) return
    this.#up = up
    this.#onState(up ? 'up' : 'down')
  }

  /** Something was lost, and what follows is heard: who was told that all is well is told otherwise. */
  pulse(): void {
    if (!this.#up) return
    this.set(false)
    this.set(true)
  }
}
