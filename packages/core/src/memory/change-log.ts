import type { EncodedChange } from '../transport/wire.ts'
import type { UndoLog } from './undo-log.ts'

interface LogEntry {
  readonly change: EncodedChange
  readonly time: number
}

/** Trimmed entries stay in the array until they number this many and half of it. The cost is spread over many commits. */
const COMPACT_FROM = 256

/**
 * Latest changes of a section, bounded by count and age. The log contains every commit and sequences have no holes, so
 * a change's index follows from its sequence, and the reach of the log from its length.
 */
export class ChangeLog {
  readonly #maxChanges: number
  readonly #maxAge: number
  readonly #undoLog: UndoLog
  #entries: LogEntry[] = []
  /** Index of the first entry; entries before it are trimmed. */
  #start = 0

  constructor(limits: { readonly maxChanges: number; readonly maxAge: number }, undoLog: UndoLog) {
    this.#maxChanges = limits.maxChanges
    this.#maxAge = limits.maxAge
    this.#undoLog = undoLog
  }

  get size(): number {
    return this.#entries.length - this.#start
  }

  append(change: EncodedChange, now: number): void {
    this.#recordUndo()
    this.#entries.push({ change, time: now })
    while (this.size > this.#maxChanges || this.#oldest() < now - this.#maxAge) this.#start++
    if (this.#start >= COMPACT_FROM && this.#start * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start)
      this.#start = 0
    }
  }

  /** Yields the changes from `sequence` on, oldest first. The caller ensures that the log reaches back that far. */
  *from(sequence: number): Generator<EncodedChange, undefined> {
    const first = this.#entries[this.#start]?.change.sequence ?? 0
    for (let i = this.#start + Math.max(0, sequence - first); i < this.#entries.length; i++) {
      const entry = this.#entries[i]
      if (entry) yield entry.change
    }
  }

  #oldest(): number {
    return this.#entries[this.#start]?.time ?? Number.POSITIVE_INFINITY
  }

  #recordUndo(): void {
    if (!this.#undoLog.isEnabled) return
    const entries = this.#entries
    const start = this.#start
    const { length } = entries
    this.#undoLog.record(() => {
      this.#entries = entries
      this.#entries.length = length
      this.#start = start
    })
  }
}
