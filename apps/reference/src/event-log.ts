/** One line of the event log. */
export interface LogLine {
  /** Counts up from 1: a reader knows what it has seen. */
  readonly id: number
  /** Ms since 1970. */
  readonly at: number
  readonly instance: string
  readonly text: string
  /** How often lately; `at` is the last time, and its place in the log is that time's. */
  readonly times: number
}

const MAX_LINES = 60
/** How far back a line counts as just now. */
const RECENT_LINES = 5

/** The last things that happened; what happens again at once is counted, not repeated. */
export class EventLog {
  #lines: LogLine[] = []
  #last = 0

  add(instance: string, text: string, at: number): void {
    const again = this.#lines.slice(-RECENT_LINES).find((line) => line.instance === instance && line.text === text)
    const line = { id: again?.id ?? ++this.#last, at, instance, text, times: (again?.times ?? 0) + 1 }
    this.#lines = [...this.#lines.filter((each) => each !== again), line].slice(-MAX_LINES)
  }

  /** Oldest first. */
  get lines(): readonly LogLine[] {
    return this.#lines
  }
}
