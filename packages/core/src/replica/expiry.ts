import type { SectionContext, SectionOptions } from './context.ts'
import type { Replica } from './replica.ts'

/** How late after its lapse a copy is verified at most, in ms, for each look and for each copy: many lapses share one look. */
const LATE = { look: 50, copy: 0.001 } as const

/** Expiry sends no message: copies that lapse are verified with the store, and reads of a sliding section renew them. */
export class Expiry {
  readonly #options: SectionOptions
  readonly #context: SectionContext
  readonly #replicas: ReadonlyMap<string, Replica>
  readonly #verify: (replica: Replica) => void
  #cancel: () => void = () => {}
  #at = Number.POSITIVE_INFINITY

  constructor(
    options: SectionOptions,
    context: SectionContext,
    replicas: ReadonlyMap<string, Replica>,
    verify: (replica: Replica) => void,
  ) {
    this.#options = options
    this.#context = context
    this.#replicas = replicas
    this.#verify = verify
  }

  lapsed({ lapsesAt, exists }: Replica): boolean {
    return lapsesAt !== undefined && exists && lapsesAt <= this.#context.runtime.elapsed()
  }

  /** A commit started the document's time again. */
  renewed(replica: Replica): void {
    const { ttl } = this.#options
    if (ttl === undefined || !replica.exists) return
    replica.lapsesAt = this.#context.runtime.elapsed() + ttl
    this.watch(replica)
  }

  /** A read of a sliding document starts its time again in the store, at most every quarter of it. */
  read(replica: Replica): void {
    const { ttl, sliding, ref } = this.#options
    if (!sliding || ttl === undefined || !replica.exists) return
    const { link, runtime, background } = this.#context
    const now = runtime.elapsed()
    if (now - replica.touchedAt < ttl / 4) return
    // whether the store took it, only the store can tell: the copy still lapses, and is verified then
    replica.touchedAt = now
    background(
      ref,
      link.read((store) => store.touch([{ ref: { ...ref, key: replica.key }, ttl }])),
    )
  }

  /** Sees to it that this copy is looked at when it lapses. */
  watch({ lapsesAt }: Replica): void {
    if (lapsesAt === undefined || lapsesAt >= this.#at) return
    this.#cancel()
    this.#at = lapsesAt
    const { runtime } = this.#context
    // a look passes over all copies: the more there are, the more lapses have to share it
    const late = LATE.look + LATE.copy * this.#replicas.size
    const wait = Math.max(0, lapsesAt - runtime.elapsed()) + late
    this.#cancel = runtime.schedule(() => this.#look(), wait, 'upkeep')
  }

  #look(): void {
    this.#at = Number.POSITIVE_INFINITY
    for (const replica of this.#replicas.values()) {
      if (!this.lapsed(replica)) this.watch(replica)
      else if (replica.load === 0) this.#verify(replica)
    }
  }

  close(): void {
    this.#cancel()
  }
}
