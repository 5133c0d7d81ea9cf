/** Whether all is heard that is sent, as it was told. */
export class Standing {
  readonly #told: (state: 'up' | 'down') => void
  #up = false

  constructor(told: (state: 'up' | 'down') => void) {
    this.#told = told
  }

  get up(): boolean {
    return this.#up
  }

  /** Tells it if it is news. */
  is(up: boolean): void {
    if (up === this.#up) return
    this.#up = up
    this.#told(up ? 'up' : 'down')
  }

  /** Something was lost, and what follows is heard: who was told that all is well is told otherwise. */
  lost(): void {
    if (!this.#up) return
    this.is(false)
    this.is(true)
  }
}
