/** One line of the event log. */
export interface LogLine {
  /** Counts up from 1: a reader knows what it has seen. */
  readonly id: number
  /** Ms since 1970. */
  readonly at: number
  readonly instance: string
  readonly text: string
  /** How often in a row; `at` is the last time. */
  readonly times: number
}

const MOST_LINES = 60

/** The last things that happened; what happens again at once is counted, not repeated. */
export class EventLog {
  #lines: LogLine[] = []
  #last = 0

  add(instance: string, text: string, at: number): void {
    const index = this.#lines.slice(-5).findIndex((line) => line.instance === instance && line.text === text)
    const from = Math.max(0, this.#lines.length - 5) + index
    const again = index < 0 ? undefined : this.#lines[from]
    const line = { id: again?.id ?? ++this.#last, at, instance, text, times: (again?.times ?? 0) + 1 }
    if (again) this.#lines[from] = line
    else this.#lines = [...this.#lines, line].slice(-MOST_LINES)
  }

  /** Oldest first. */
  get lines(): readonly LogLine[] {
    return this.#lines
  }
}
