import type { Runtime } from '../model/runtime.ts'
import type { Replica } from './replica.ts'

/** How much may be held: `maxDocuments` may be infinite, `idle` is in ms, `changes` in characters of their text. */
export interface MemoryBounds {
  readonly maxDocuments: number
  readonly idle: number
  readonly changes: number
}

/** The most documents that are passed over for one that is added. */
const LONGEST_PASS = 1_000

/**
 * Keeps what is held within its bounds. A read only marks its document; who goes is found by passing over the documents in
 * turn, sparing those read again since the last pass (second chance).
 */
export class Eviction {
  readonly #bounds: MemoryBounds
  readonly #runtime: Runtime
  readonly #replicas: Map<string, Replica>
  readonly #release: (replica: Replica) => boolean
  #sweeps = 0
  #cancel: (() => void) | undefined

  /** `release` lets a document go, unless something still needs it. */
  constructor(
    bounds: MemoryBounds,
    runtime: Runtime,
    replicas: Map<string, Replica>,
    release: (replica: Replica) => boolean,
  ) {
    this.#bounds = bounds
    this.#runtime = runtime
    this.#replicas = replicas
    this.#release = release
  }

  /** A document was added: `held` of them are held now. */
  added(replica: Replica, held: number): void {
    replica.readIn = this.#sweeps + 1
    this.#cancel ??= this.#sweepLater()
    const surplus = held - this.#bounds.maxDocuments
    if (surplus > 0) this.#makeRoom(surplus)
  }

  #makeRoom(surplus: number): void {
    let left = surplus
    // where nobody may go, looking at everyone again and again helps nobody: the next pass goes on where this one ends
    let passes = Math.min(2 * this.#replicas.size, LONGEST_PASS + 2 * surplus)
    for (const replica of this.#replicas.values()) {
      if (left <= 0 || passes-- <= 0) return
      if (!this.#spared(replica) && this.#release(replica)) left--
      else if (this.#replicas.delete(replica.key)) this.#replicas.set(replica.key, replica)
    }
  }

  /** Was it read since it was last passed? */
  #spared(replica: Replica): boolean {
    if (!replica.read) return false
    replica.read = false
    replica.readIn = this.#sweeps
    return true
  }

  #sweepLater(): () => void {
    return this.#runtime.schedule(() => this.#sweep(), this.#bounds.idle / 2, 'upkeep')
  }

  #sweep(): void {
    this.#sweeps++
    for (const replica of this.#replicas.values()) {
      if (!this.#spared(replica) && this.#sweeps - replica.readIn >= 2) this.#release(replica)
    }
    this.#cancel = this.#replicas.size > 0 ? this.#sweepLater() : undefined
  }

  close(): void {
    this.#cancel?.()
  }
}
