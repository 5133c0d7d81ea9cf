import { TOMBSTONE_MS } from '../transport/store.ts'
import { RotatingMap } from './rotating-map.ts'
import type { UndoLog } from './undo-log.ts'

/** Sequences of recent deletions, by key. */
export class Tombstones {
  readonly #undoLog: UndoLog
  readonly #deleted: RotatingMap<number>
  #rotatedAt = Number.NEGATIVE_INFINITY

  constructor(undoLog: UndoLog) {
    this.#undoLog = undoLog
    this.#deleted = new RotatingMap(undoLog)
  }

  /** Returns the sequence of a document's last deletion, 0 if none is remembered. */
  get(key: string): number {
    return this.#deleted.get(key) ?? 0
  }

  put(key: string, sequence: number, now: number): void {
    const before = this.#rotatedAt
    if (now - before >= TOMBSTONE_MS) {
      if (this.#undoLog.isEnabled) this.#undoLog.record(() => (this.#rotatedAt = before))
      this.#deleted.rotate()
      this.#rotatedAt = now
    }
    this.#deleted.set(key, sequence)
  }
}
