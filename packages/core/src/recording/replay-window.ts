import { messageOf, RecordingError } from '../model/errors.ts'
import { runInMicrotask } from '../model/run-in-microtask.ts'
import { abortable } from './abortable.ts'
import type { ReplayProgress } from './progress.ts'
import type { RecordingLine } from './read.ts'

const MAX_IN_FLIGHT = 256
const MAX_CHARACTERS = 4 * 1024 * 1024

interface LineWrite {
  readonly line: RecordingLine
  isDone: boolean
}

/** The writes in progress of a replay: sequential per key, bounded in number and size. */
export class ReplayWindow {
  readonly #onProgress: ((progress: ReplayProgress) => void) | undefined
  readonly #abortController = new AbortController()
  /** Lines in order, starting with the first unfinished one. */
  readonly #unfinished: LineWrite[] = []
  /** Latest write in progress per key. */
  readonly #lastByKey = new Map<string, Promise<void>>()
  #characters = 0
  #progress: ReplayProgress
  #failure: RecordingError | undefined
  #wake: () => void = () => {}

  constructor(after: number, onProgress: ((progress: ReplayProgress) => void) | undefined) {
    this.#progress = { line: after, changes: 0 }
    this.#onProgress = onProgress
  }

  get progress(): ReplayProgress {
    return this.#progress
  }

  /** Error of the first rejected line. */
  get failure(): RecordingError | undefined {
    return this.#failure
  }

  /** Aborts when a line is rejected. */
  get failureSignal(): AbortSignal {
    return this.#abortController.signal
  }

  /** Resolves when the window has room for another line. @throws the signal's reason */
  async waitForRoom(signal: AbortSignal): Promise<void> {
    while (this.#isFull) await abortable(new Promise<void>((resolve) => (this.#wake = resolve)), signal)
  }

  /** Adds a line. Calls `write` once the earlier writes of its key are complete. */
  startWrite(line: RecordingLine, key: string, write: () => Promise<void>): void {
    const work = this.#add(line)
    const before = this.#lastByKey.get(key)
    const current = this.#runWrite(work, before, write).finally(() => {
      if (this.#lastByKey.get(key) === current) this.#lastByKey.delete(key)
    })
    this.#lastByKey.set(key, current)
  }

  /** Adds a line that needs no write. */
  skip(line: RecordingLine): void {
    this.#finish(this.#add(line))
  }

  /** Resolves when no write is in progress. */
  async whenIdle(): Promise<void> {
    while (this.#lastByKey.size > 0) await Promise.all(this.#lastByKey.values())
  }

  get #isFull(): boolean {
    return this.#unfinished.length >= MAX_IN_FLIGHT || this.#characters >= MAX_CHARACTERS
  }

  #add(line: RecordingLine): LineWrite {
    const work = { line, isDone: false }
    this.#unfinished.push(work)
    this.#characters += line.characters
    return work
  }

  async #runWrite(work: LineWrite, before: Promise<void> | undefined, write: () => Promise<void>): Promise<void> {
    await before
    const { line } = work.line
    // Lines after a rejected one are not written; earlier lines still are.
    if (this.#failure && this.#failure.line < line) return
    try {
      await write()
    } catch (cause) {
      if (!this.#failure || line < this.#failure.line) this.#failure = rejectedError(line, cause)
      this.#abortController.abort(this.#failure)
      return
    }
    this.#finish(work)
  }

  #finish(work: LineWrite): void {
    work.isDone = true
    let finished = 0
    while (this.#unfinished[finished]?.isDone) finished++
    if (finished === 0) return
    for (const { line } of this.#unfinished.splice(0, finished)) {
      this.#characters -= line.characters
      const { changes } = this.#progress
      this.#progress =
        'change' in line
          ? { line: line.line, changes: changes + 1, position: line.change.position }
          : { ...this.#progress, line: line.line, ...('bookmark' in line && { position: line.bookmark.position }) }
    }
    this.#wake()
    this.#reportProgress()
  }

  #reportProgress(): void {
    try {
      this.#onProgress?.(this.#progress)
    } catch (error) {
      // Throw outside, as an uncaught error: here it would count as a rejection of the line.
      runInMicrotask(() => {
        throw error
      })
    }
  }
}

function rejectedError(line: number, cause: unknown): RecordingError {
  const message = messageOf(cause)
  return new RecordingError('rejected', line, message, { cause })
}
