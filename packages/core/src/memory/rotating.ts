import type { Journal } from './journal.ts'

/** Two maps, of which the older one is dropped whole: a bounded memory that never trims entry by entry. */
export class RotatingMap<V> {
  readonly #journal: Journal
  #recent = new Map<string, V>()
  #older = new Map<string, V>()

  constructor(journal: Journal) {
    this.#journal = journal
  }

  get(key: string): V | undefined {
    return this.#recent.get(key) ?? this.#older.get(key)
  }

  set(key: string, value: V): void {
    if (this.#journal.on) {
      const map = this.#recent
      const before = map.get(key)
      this.#journal.note(() => {
        if (before === undefined) map.delete(key)
        else map.set(key, before)
      })
    }
    this.#recent.set(key, value)
  }

  /** Forgets the older half; what was recent is the older half now. */
  rotate(): void {
    if (this.#journal.on) {
      const [recent, older] = [this.#recent, this.#older]
      this.#journal.note(() => {
        this.#recent = recent
        this.#older = older
      })
    }
    this.#older = this.#recent
    this.#recent = new Map()
  }
}
