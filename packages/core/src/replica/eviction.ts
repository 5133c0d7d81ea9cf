import type { Runtime } from '../model/runtime.ts'
import type { Replica } from './replica.ts'

/** How much may be held: `maxDocuments` may be infinite, `idle` is in ms, `changes` in characters of their text. */
export interface CacheLimits {
  readonly maxDocuments: number
  readonly maxIdle: number
  readonly recentChangesChars: number
}

/** The most documents that are passed over for one that is added. */
const MAX_PASS = 1_000

/**
 * Keeps what is held within its bounds. A read only marks its document; who goes is found by passing over the documents in
 * turn, sparing those read again since the last pass (second chance).
 */
export class Eviction {
  readonly #limits: CacheLimits
  readonly #runtime: Runtime
  readonly #replicas: Map<string, Replica>
  readonly #release: (replica: Replica) => boolean
  #sweeps = 0
  #cancel: (() => void) | undefined

  /** `release` lets a document go, unless something still needs it. */
  constructor(
    limits: CacheLimits,
    runtime: Runtime,
    replicas: Map<string, Replica>,
    release: (replica: Replica) => boolean,
  ) {
    this.#limits = limits
    this.#runtime = runtime
    this.#replicas = replicas
    this.#release = release
  }

  /** A document was added: `held` of them are held now. */
  onAdded(replica: Replica, heldCount: number): void {
    replica.lastReadSweep = this.#sweeps + 1
    this.#cancel ??= this.#scheduleSweep()
    const surplus = heldCount - this.#limits.maxDocuments
    if (surplus > 0) this.#makeRoom(surplus)
  }

  #makeRoom(surplus: number): void {
    let remaining = surplus
    // where nobody may go, looking at everyone again and again helps nobody: the next pass goes on where this one ends
    let passes = Math.min(2 * this.#replicas.size, MAX_PASS + 2 * surplus)
    for (const replica of this.#replicas.values()) {
      if (remaining <= 0 || passes-- <= 0) return
      if (!this.#takeSecondChance(replica) && this.#release(replica)) remaining--
      else if (this.#replicas.delete(replica.key)) this.#replicas.set(replica.key, replica)
    }
  }

  /** Was it read since it was last passed? */
  #takeSecondChance(replica: Replica): boolean {
    if (!replica.recentlyRead) return false
    replica.recentlyRead = false
    replica.lastReadSweep = this.#sweeps
    return true
  }

  #scheduleSweep(): () => void {
    return this.#runtime.schedule(() => this.#sweep(), this.#limits.maxIdle / 2, 'upkeep')
  }

  #sweep(): void {
    this.#sweeps++
    for (const replica of this.#replicas.values()) {
      if (!this.#takeSecondChance(replica) && this.#sweeps - replica.lastReadSweep >= 2) this.#release(replica)
    }
    this.#cancel = this.#replicas.size > 0 ? this.#scheduleSweep() : undefined
  }

  close(): void {
    this.#cancel?.()
  }
}
