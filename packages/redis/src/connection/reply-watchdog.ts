/** Ticks in which nothing may come back: that many quarters of the time allowed, and the one begun before. */
const TICKS_UNTIL_TIMEOUT = 5

/**
 * Notices that nothing comes back on a line while an answer is due, after the time allowed and no more than a quarter of it
 * later. One timer for all calls: one of its own would be among the dearest parts of a call.
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

  /** An answer is due now. */
  expectReply(): void {
    // the time before nobody was waiting for anything
    if (this.#pendingReplies++ === 0) this.#ticks = 0
    if (this.#timer) return
    this.#timer = setInterval(() => this.#tick(), this.#tickMs)
    this.#timer.unref()
  }

  /** It has come, or never will. */
  replySettled(): void {
    this.#pendingReplies--
    this.#ticks = 0
  }

  /** Something else has come. */
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
    // where nothing is due the line may be as quiet as it likes
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
