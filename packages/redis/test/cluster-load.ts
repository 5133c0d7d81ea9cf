import type { Collection } from '@sync/core'
import { expect, vi } from 'vitest'

type Docs = Collection<{ n: number }>

/** Writes rising numbers to each key of each collection, one write after another, until stopped. */
export class WriteLoad {
  /** Last acknowledged number by `collection:key`. */
  readonly acknowledged: Map<string, number> = new Map()
  readonly #rounds: number[]
  readonly #writers: readonly Promise<void>[]
  #stopped = false

  constructor(collections: readonly Docs[], keys: readonly string[]) {
    this.#rounds = collections.map(() => 0)
    this.#writers = collections.map((each, at) => this.#write(at, each, keys))
  }

  /** Resolves when each collection has had three more rounds of writes. */
  async untilMoreWrites(): Promise<void> {
    const goals = this.#rounds.map((n) => n + 3)
    const unreached = (): number[] => goals.filter((goal, at) => (this.#rounds[at] ?? 0) < goal)
    await vi.waitFor(() => expect(unreached()).toEqual([]), { timeout: 30_000 })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#writers)
  }

  /** Stops the load when the test fails. */
  [Symbol.dispose](): void {
    this.#stopped = true
  }

  async #write(at: number, collection: Docs, keys: readonly string[]): Promise<void> {
    for (let n = 1; !this.#stopped; n++) {
      for (const key of keys) {
        const acknowledged = await collection.assign(key, { n }).then(
          () => true,
          () => false,
        )
        if (acknowledged) this.acknowledged.set(`${at}:${key}`, n)
      }
      this.#rounds[at] = n
    }
  }
}
