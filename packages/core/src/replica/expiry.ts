import type { Replica } from './replica.ts'
import type { SectionDeps, SectionOptions } from './section-deps.ts'

/** How late after its lapse a copy is verified at most, in ms, for each look and for each copy: many lapses share one look. */
const SWEEP_DELAY_MS = { base: 50, perReplica: 0.001 } as const

/** Expiry sends no message: copies that lapse are verified with the store, and reads of a sliding section renew them. */
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

  /** A commit started the document's time again. */
  restartTtl(replica: Replica): void {
    const { ttl } = this.#options
    if (ttl === undefined || !replica.exists) return
    replica.expiresAt = this.#deps.runtime.elapsed() + ttl
    this.scheduleSweep(replica)
  }

  /** A read of a sliding document starts its time again in the store, at most every quarter of it. */
  touch(replica: Replica): void {
    const { ttl, sliding, ref } = this.#options
    if (!sliding || ttl === undefined || !replica.exists) return
    const { retryingStore, runtime, background } = this.#deps
    const now = runtime.elapsed()
    if (now - replica.touchedAt < ttl / 4) return
    // whether the store took it, only the store can tell: the copy still lapses, and is verified then
    replica.touchedAt = now
    background(
      ref,
      retryingStore.read((store) => store.touch([{ ref: { ...ref, key: replica.key }, ttl }])),
    )
  }

  /** Sees to it that this copy is looked at when it lapses. */
  scheduleSweep({ expiresAt }: Replica): void {
    if (expiresAt === undefined || expiresAt >= this.#nextSweepAt) return
    this.#cancel()
    this.#nextSweepAt = expiresAt
    const { runtime } = this.#deps
    // a look passes over all copies: the more there are, the more lapses have to share it
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
