/** One line of the event log. */
export interface LogLine {
  /** Identifies the line. Counts up from 1. */
  readonly id: number
  /** Time of the latest occurrence, in ms since 1970. */
  readonly at: number
  readonly instance: string
  readonly text: string
  /** Number of occurrences within the latest lines. The line is ordered by the last one. */
  readonly times: number
}

/** Number of latest lines in which a repeated event is counted instead of added. */
const RECENT_LINES = 5

/** The most recent events. A repeated event is counted, not added again. */
export class EventLog {
  readonly #maxLines: number
  #lines: LogLine[] = []
  #last = 0

  constructor(maxLines: number) {
    this.#maxLines = maxLines
  }

  add(instance: string, text: string, at: number): void {
    const repeated = this.#lines.slice(-RECENT_LINES).find((line) => line.instance === instance && line.text === text)
    const line = { id: repeated?.id ?? ++this.#last, at, instance, text, times: (repeated?.times ?? 0) + 1 }
    this.#lines = [...this.#lines.filter((each) => each !== repeated), line].slice(-this.#maxLines)
  }

  /** All lines, oldest first. */
  get lines(): readonly LogLine[] {
    return this.#lines
  }
}
