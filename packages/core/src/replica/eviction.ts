import type { Runtime } from '../model/runtime.ts'
import type { Replica } from './replica.ts'

/** Maximum number of replicas visited per added document. */
const MAX_PASS = 1_000

/**
 * Keeps a section's cache within its bounds, with the second-chance algorithm: a read only marks its replica, and a
 * pass over the replicas evicts those not read since the previous pass.
 */
export class Eviction {
  readonly #limits: CacheLimits
  readonly #runtime: Runtime
  readonly #replicas: Map<string, Replica>
  readonly #release: (replica: Replica) => boolean
  #sweeps = 0
  #cancel: (() => void) | undefined

  /** `release` evicts a replica unless it is in use. */
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

  /** Evicts replicas after one was added. `cachedCount`: cached documents, the new one included. */
  onAdded(replica: Replica, cachedCount: number): void {
    replica.lastReadSweep = this.#sweeps + 1
    this.#cancel ??= this.#scheduleSweep()
    const surplus = cachedCount - this.#limits.maxDocuments
    if (surplus > 0) this.#makeRoom(surplus)
  }

  #makeRoom(surplus: number): void {
    let remaining = surplus
    // if nothing can be evicted, full passes are wasted work: the next pass continues where this one ends
    let passes = Math.min(2 * this.#replicas.size, MAX_PASS + 2 * surplus)
    for (const replica of this.#replicas.values()) {
      if (remaining <= 0 || passes-- <= 0) return
      if (!this.#takeSecondChance(replica) && this.#release(replica)) remaining--
      else if (this.#replicas.delete(replica.key)) this.#replicas.set(replica.key, replica)
    }
  }

  /** Returns true if the replica was read since the last pass, and clears the mark. */
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

/**
 * Bounds of a section's cache. `maxDocuments` may be infinite; `maxIdle` is in ms, `recentChangesChars` in characters
 * of text.
 */
export interface CacheLimits {
  readonly maxDocuments: number
  readonly maxIdle: number
  readonly recentChangesChars: number
}
