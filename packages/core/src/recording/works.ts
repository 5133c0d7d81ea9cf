import { RecordingError } from '../model/errors.ts'
import { orAborted } from './abort.ts'
import type { ReplayProgress } from './progress.ts'
import type { RecordingLine } from './read.ts'

const MOST_AT_ONCE = 256
const MOST_CHARACTERS = 4 * 1024 * 1024

interface Work {
  readonly line: RecordingLine
  done: boolean
}

/** The writes of a replay that are under way: those of one key one after another, and no more than fit the window. */
export class Works {
  readonly #tell: ((progress: ReplayProgress) => void) | undefined
  readonly #failed = new AbortController()
  /** From the first line that is not done on, in their order. */
  readonly #open: Work[] = []
  /** The last write of each key under way. */
  readonly #last = new Map<string, Promise<void>>()
  #characters = 0
  #progress: ReplayProgress
  #failure: RecordingError | undefined
  #wake: () => void = () => {}

  constructor(after: number, tell: ((progress: ReplayProgress) => void) | undefined) {
    this.#progress = { line: after, changes: 0 }
    this.#tell = tell
  }

  get progress(): ReplayProgress {
    return this.#progress
  }

  /** The first line that was refused. */
  get failure(): RecordingError | undefined {
    return this.#failure
  }

  /** Aborts when a line was refused. */
  get failed(): AbortSignal {
    return this.#failed.signal
  }

  /** Resolves when there is room for one more. @throws the signal's reason */
  async room(signal: AbortSignal): Promise<void> {
    while (this.#full) await orAborted(new Promise<void>((resolve) => (this.#wake = resolve)), signal)
  }

  /** Takes on a line; `write` is called when the writes of its key before it are done. */
  begin(line: RecordingLine, key: string, write: () => Promise<void>): void {
    const work = this.#take(line)
    const before = this.#last.get(key)
    const mine = this.#do(work, before, write).finally(() => {
      if (this.#last.get(key) === mine) this.#last.delete(key)
    })
    this.#last.set(key, mine)
  }

  /** A line with nothing to write. */
  pass(line: RecordingLine): void {
    this.#finish(this.#take(line))
  }

  /** Resolves when nothing is under way any more. */
  async done(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values())
  }

  get #full(): boolean {
    return this.#open.length >= MOST_AT_ONCE || this.#characters >= MOST_CHARACTERS
  }

  #take(line: RecordingLine): Work {
    const work = { line, done: false }
    this.#open.push(work)
    this.#characters += line.characters
    return work
  }

  async #do(work: Work, before: Promise<void> | undefined, write: () => Promise<void>): Promise<void> {
    await before
    const { line } = work.line
    // nothing is written on top of what was refused; what stands before it in the recording still is
    if (this.#failure && this.#failure.line < line) return
    try {
      await write()
    } catch (cause) {
      if (!this.#failure || line < this.#failure.line) this.#failure = refused(line, cause)
      this.#failed.abort(this.#failure)
      return
    }
    this.#finish(work)
  }

  #finish(work: Work): void {
    work.done = true
    let finished = 0
    while (this.#open[finished]?.done) finished++
    if (finished === 0) return
    for (const { line } of this.#open.splice(0, finished)) {
      this.#characters -= line.characters
      const { changes } = this.#progress
      this.#progress =
        'change' in line
          ? { line: line.line, changes: changes + 1, position: line.change.position }
          : { ...this.#progress, line: line.line }
    }
    this.#wake()
    this.#report()
  }

  #report(): void {
    try {
      this.#tell?.(this.#progress)
    } catch (error) {
      // not here, where it would count as a refusal of the line: as any uncaught error
      queueMicrotask(() => {
        throw error
      })
    }
  }
}

function refused(line: number, cause: unknown): RecordingError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new RecordingError('refused', line, message, { cause })
}
