import type { UndoLog } from './undo-log.ts'

/** Bounded map of two generations. It drops the older generation as a whole instead of trimming single entries. */
export class RotatingMap<V> {
  readonly #undoLog: UndoLog
  #recent = new Map<string, V>()
  #older = new Map<string, V>()

  constructor(undoLog: UndoLog) {
    this.#undoLog = undoLog
  }

  get(key: string): V | undefined {
    return this.#recent.get(key) ?? this.#older.get(key)
  }

  set(key: string, value: V): void {
    if (this.#undoLog.isEnabled) {
      const map = this.#recent
      const before = map.get(key)
      this.#undoLog.record(() => {
        if (before === undefined) map.delete(key)
        else map.set(key, before)
      })
    }
    this.#recent.set(key, value)
  }

  /** Drops the older generation. The recent one becomes the older one. */
  rotate(): void {
    if (this.#undoLog.isEnabled) {
      const [recent, older] = [this.#recent, this.#older]
      this.#undoLog.record(() => {
        this.#recent = recent
        this.#older = older
      })
    }
    this.#older = this.#recent
    this.#recent = new Map()
  }
}
