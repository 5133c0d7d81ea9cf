import type { Replica } from './replica.ts'
import type { SectionDeps, SectionOptions } from './section-deps.ts'

/**
 * Delay between a replica's expiry and its verification, in ms: a base, plus a share per replica. It lets many expiries
 * share one sweep.
 */
const SWEEP_DELAY_MS = { base: 50, perReplica: 0.001 } as const

/**
 * Verifies expired replicas with the store, because an expiry sends no message. Reads of a section with a sliding TTL
 * renew the document.
 */
export class Expiry {
  readonly #options: SectionOptions
  readonly #deps: SectionDeps
  readonly #replicas: ReadonlyMap<string, Replica>
  readonly #verify: (replica: Replica) => void
  #cancel: () => void = () => {}
  #nextSweepAt = Number.POSITIVE_INFINITY

  constructor(
    options: SectionOptions,
    deps: SectionDeps,
    replicas: ReadonlyMap<string, Replica>,
    verify: (replica: Replica) => void,
  ) {
    this.#options = options
    this.#deps = deps
    this.#replicas = replicas
    this.#verify = verify
  }

  isExpired({ expiresAt, exists }: Replica): boolean {
    return expiresAt !== undefined && exists && expiresAt <= this.#deps.runtime.elapsed()
  }

  /** Restarts the document's TTL after a commit. */
  restartTtl(replica: Replica): void {
    const { ttl } = this.#options
    if (ttl === undefined || !replica.exists) return
    replica.expiresAt = this.#deps.runtime.elapsed() + ttl
    this.scheduleSweep(replica)
  }

  /** Renews a document with a sliding TTL in the store after a read, at most once per quarter of the TTL. */
  touch(replica: Replica): void {
    const { ttl, sliding, ref } = this.#options
    if (!sliding || ttl === undefined || !replica.exists) return
    const { retryingStore, runtime, background } = this.#deps
    const now = runtime.elapsed()
    if (now - replica.touchedAt < ttl / 4) return
    // the renewal may fail, so the replica keeps its expiry and is verified then
    replica.touchedAt = now
    background(
      ref,
      retryingStore.read((store) => store.touch([{ ref: { ...ref, key: replica.key }, ttl }])),
    )
  }

  /** Schedules a sweep for the replica's expiry. */
  scheduleSweep({ expiresAt }: Replica): void {
    if (expiresAt === undefined || expiresAt >= this.#nextSweepAt) return
    this.#cancel()
    this.#nextSweepAt = expiresAt
    const { runtime } = this.#deps
    // a sweep visits every replica: the more replicas, the more expiries must share it
    const delay = SWEEP_DELAY_MS.base + SWEEP_DELAY_MS.perReplica * this.#replicas.size
    const wait = Math.max(0, expiresAt - runtime.elapsed()) + delay
    this.#cancel = runtime.schedule(() => this.#sweep(), wait, 'upkeep')
  }

  #sweep(): void {
    this.#nextSweepAt = Number.POSITIVE_INFINITY
    for (const replica of this.#replicas.values()) {
      if (!this.isExpired(replica)) this.scheduleSweep(replica)
      else if (replica.pendingLoad === 0) this.#verify(replica)
    }
  }

  close(): void {
    this.#cancel()
  }
}
