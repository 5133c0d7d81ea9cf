/** Ticks without activity before the timeout: four quarters of it, plus the tick that had already begun. */
const TICKS_UNTIL_TIMEOUT = 5

/**
 * Detects a connection on which nothing arrives while a reply is due. Fires after the timeout, at most a quarter of it late. Uses one
 * timer for all calls: a timer per call would be one of a call's largest costs.
 */
export class ReplyWatchdog {
  readonly #tickMs: number
  readonly #onTimeout: () => void
  #pendingReplies = 0
  #ticks = 0
  #timer: NodeJS.Timeout | undefined

  constructor(timeout: number, onTimeout: () => void) {
    this.#tickMs = Math.ceil(timeout / 4)
    this.#onTimeout = onTimeout
  }

  /** Call when a command is sent. */
  expectReply(): void {
    // time without a pending reply does not count
    if (this.#pendingReplies++ === 0) this.#ticks = 0
    if (this.#timer) return
    this.#timer = setInterval(() => this.#tick(), this.#tickMs)
    this.#timer.unref()
  }

  /** Call when a command's reply has arrived, or can no longer arrive. */
  replySettled(): void {
    this.#pendingReplies--
    this.#ticks = 0
  }

  /** Call when any other data has arrived. */
  recordActivity(): void {
    this.#ticks = 0
  }

  #tick(): void {
    if (++this.#ticks < TICKS_UNTIL_TIMEOUT) return
    this.#ticks = 0
    if (this.#pendingReplies > 0) {
      this.#onTimeout()
      return
    }
    // without a pending reply a silent connection is fine
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
