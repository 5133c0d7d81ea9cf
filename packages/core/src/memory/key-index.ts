import { compareCodePoints } from '../transport/utf8.ts'

/** Number of created keys that may wait until they are sorted, beyond the number of documents. */
const MAX_UNSORTED = 1_000

/**
 * Keys of a section's documents in code-point order. Sorted by the first listing, so that a section that is never listed
 * costs nothing.
 */
export class KeyIndex {
  /** Keys in order, some of which may no longer exist. `undefined`: not sorted yet. */
  #sorted: readonly string[] | undefined
  #created: string[] = []

  /** Records that a document was created. `count`: number of documents. */
  onCreated(key: string, count: number): void {
    if (!this.#sorted) return
    this.#created.push(key)
    if (this.#created.length > count + MAX_UNSORTED) this.clear()
  }

  /** Drops the order. The next listing sorts the keys again. */
  clear(): void {
    this.#sorted = undefined
    this.#created = []
  }

  /**
   * Yields the keys after `after` that begin with `prefix`. Some may no longer exist. `present`: keys of all documents.
   */
  *after(after: string | undefined, prefix: string, present: ReadonlyMap<string, unknown>): Generator<string, void> {
    const sorted = this.#sort(present)
    // keys with one prefix are adjacent, except for a prefix that ends between two surrogates
    const first = prefix.replace(HIGH_END, '')
    const start = after === undefined || compareCodePoints(after, first) < 0 ? first : after
    for (let at = firstAtLeast(sorted, start); at < sorted.length; at++) {
      const key = sorted[at] as string
      if (!key.startsWith(first)) return
      if (key !== after && key.startsWith(prefix)) yield key
    }
  }

  #sort(present: ReadonlyMap<string, unknown>): readonly string[] {
    if (!this.#sorted) this.#sorted = [...present.keys()].sort(compareCodePoints)
    else if (this.#created.length > 0) {
      const existing = [...this.#sorted, ...this.#created].filter((key) => present.has(key))
      this.#sorted = [...new Set(existing)].sort(compareCodePoints)
    }
    this.#created = []
    return this.#sorted
  }
}

/** A high surrogate at the end. */
const HIGH_END = /[\uD800-\uDBFF]$/

/** Returns the index of the first key that is not before `start` (binary search). */
function firstAtLeast(sorted: readonly string[], start: string): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareCodePoints(sorted[middle] as string, start) < 0) low = middle + 1
    else high = middle
  }
  return low
}
