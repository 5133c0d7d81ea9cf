/** Beginning or end of a fault, as the charts show it. */
export interface FaultMark {
  /** Time in ms since 1970. */
  readonly at: number
  readonly text: string
}

const MAX_MARKS = 50

/** The most recent marks. */
export class FaultMarks {
  #marks: readonly FaultMark[] = []

  add(text: string, at: number): void {
    this.#marks = [...this.#marks, { at, text }].slice(-MAX_MARKS)
  }

  /** All marks, oldest first. */
  get all(): readonly FaultMark[] {
    return this.#marks
  }
}
