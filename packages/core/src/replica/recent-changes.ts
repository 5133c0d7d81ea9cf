import type { Change } from '../model/change.ts'
import type { Runtime } from '../model/runtime.ts'

/** How long a change is recent, in ms. */
const MAX_AGE = 3_600_000

interface Entry {
  readonly change: Change
  readonly size: number
  readonly at: number
}

/** The last changes of a section that came to this instance, bounded by their size as text and by their age. */
export class RecentChanges {
  readonly #maxSize: number
  readonly #runtime: Runtime
  #entries: Entry[] = []
  /** Those before it are gone. */
  #first = 0
  #size = 0

  /** `maxSize` in characters of their text; 0: none is kept. */
  constructor(maxSize: number, runtime: Runtime) {
    this.#maxSize = maxSize
    this.#runtime = runtime
  }

  /** A change that was no repeat; its text had so many characters. */
  add(change: Change, size: number): void {
    if (size > this.#maxSize) return
    this.#size += size
    this.#entries.push({ change, size, at: this.#runtime.elapsed() })
    this.#trim()
  }

  /** Those of one document, in their order. */
  forKey(key: string): Change[] {
    this.#trim()
    const own: Change[] = []
    for (let at = this.#first; at < this.#entries.length; at++) {
      const { change } = this.#entries[at] as Entry
      if (change.key === key) own.push(change)
    }
    own.sort((a, b) => a.sequence - b.sequence)
    // where too much waited for a hole to be filled it came again, from the log
    return own.filter(({ sequence }, at) => sequence !== own[at - 1]?.sequence)
  }

  /** History goes on from another point: those that are no part of it never were. */
  retain(isInHistory: (change: Change) => boolean): void {
    this.#entries = this.#entries.slice(this.#first).filter(({ change }) => isInHistory(change))
    this.#first = 0
    this.#size = this.#entries.reduce((sum, { size }) => sum + size, 0)
  }

  #trim(): void {
    const oldest = this.#runtime.elapsed() - MAX_AGE
    for (; this.#first < this.#entries.length; this.#first++) {
      const { size, at } = this.#entries[this.#first] as Entry
      if (this.#size <= this.#maxSize && at >= oldest) break
      this.#size -= size
    }
    // moved down only now and then: each change is moved once on the average
    if (this.#first * 2 <= this.#entries.length) return
    this.#entries = this.#entries.slice(this.#first)
    this.#first = 0
  }
}
