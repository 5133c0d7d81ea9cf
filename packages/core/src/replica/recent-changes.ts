import type { Change } from '../model/change.ts'
import type { Runtime } from '../model/runtime.ts'

/** Maximum age of a recent change, in ms. */
const MAX_AGE = 3_600_000

interface Entry {
  readonly change: Change
  readonly size: number
  readonly at: number
}

/** A section's most recently received changes, bounded by text size and age. */
export class RecentChanges {
  readonly #maxSize: number
  readonly #runtime: Runtime
  #entries: Entry[] = []
  /** Index of the first entry that has not been dropped. */
  #first = 0
  #size = 0

  /** `maxSize`: capacity in characters of text; 0 keeps nothing. */
  constructor(maxSize: number, runtime: Runtime) {
    this.#maxSize = maxSize
    this.#runtime = runtime
  }

  /** Adds a change that is not a duplicate. `size`: characters of its text. */
  add(change: Change, size: number): void {
    if (size > this.#maxSize) return
    this.#size += size
    this.#entries.push({ change, size, at: this.#runtime.elapsed() })
    this.#trim()
  }

  /** Returns one document's changes in order. */
  forKey(key: string): Change[] {
    this.#trim()
    const own: Change[] = []
    for (let at = this.#first; at < this.#entries.length; at++) {
      const { change } = this.#entries[at] as Entry
      if (change.key === key) own.push(change)
    }
    own.sort((a, b) => a.sequence - b.sequence)
    // after an overflow of the reorder buffer, the log delivers some changes a second time
    return own.filter(({ sequence }, at) => sequence !== own[at - 1]?.sequence)
  }

  /** Drops the changes that are not part of the new history. */
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
    // compacted only when half is unused: each change moves once on average
    if (this.#first * 2 <= this.#entries.length) return
    this.#entries = this.#entries.slice(this.#first)
    this.#first = 0
  }
}
