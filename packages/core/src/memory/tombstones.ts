import { TOMBSTONE_MS } from '../transport/store.ts'
import type { Journal } from './journal.ts'
import { RotatingMap } from './rotating.ts'

/** Which documents were deleted lately, and at which sequence. */
export class Tombstones {
  readonly #journal: Journal
  readonly #deleted: RotatingMap<number>
  #rotatedAt = Number.NEGATIVE_INFINITY

  constructor(journal: Journal) {
    this.#journal = journal
    this.#deleted = new RotatingMap(journal)
  }

  /** The sequence of its last deletion; 0: none that is remembered. */
  get(key: string): number {
    return this.#deleted.get(key) ?? 0
  }

  put(key: string, sequence: number, now: number): void {
    const before = this.#rotatedAt
    if (now - before >= TOMBSTONE_MS) {
      if (this.#journal.on) this.#journal.note(() => (this.#rotatedAt = before))
      this.#deleted.rotate()
      this.#rotatedAt = now
    }
    this.#deleted.set(key, sequence)
  }
}
