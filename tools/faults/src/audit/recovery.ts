/** Who has to recover. */
export interface Cast {
  readonly writers: readonly string[]
  readonly replicas: readonly string[]
}

/**
 * Times how long it takes after faults ended until every writer has been acknowledged a write that it began after them, and
 * every replica has told all of these and whatever was acknowledged before. Sequences are of one section; times in ms.
 */
export class Recovery {
  readonly #cast: Cast
  readonly #told = new Map<string, number>()
  #acknowledged = 0
  #waiting: { readonly since: number; target: number; readonly writers: Set<string> } | undefined

  constructor(cast: Cast) {
    this.#cast = cast
  }

  /** Faults ended at that time: all of this begins anew. */
  begin(now: number): void {
    this.#waiting = { since: now, target: this.#acknowledged, writers: new Set(this.#cast.writers) }
  }

  /** A writer was acknowledged a write. */
  acknowledged(writer: string, sequence: number, begunAt: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, sequence)
    const waiting = this.#waiting
    if (!waiting || begunAt < waiting.since || !waiting.writers.delete(writer)) return
    waiting.target = Math.max(waiting.target, sequence)
  }

  /** A replica has told everything up to there. */
  told(replica: string, sequence: number): void {
    this.#told.set(replica, sequence)
  }

  /** A replica begins anew: what it told before does not count. */
  gone(replica: string): void {
    this.#told.delete(replica)
  }

  /** The store lost everything beyond: nobody has told it, nobody waits for it. */
  lost(fork: number): void {
    this.#acknowledged = Math.min(this.#acknowledged, fork)
    if (this.#waiting) this.#waiting.target = Math.min(this.#waiting.target, fork)
    for (const [replica, sequence] of this.#told) this.#told.set(replica, Math.min(sequence, fork))
  }

  /** Who is still missing; nobody: all have recovered. */
  get missing(): readonly string[] {
    const waiting = this.#waiting
    if (!waiting) return []
    const behind = this.#cast.replicas.filter((name) => (this.#told.get(name) ?? -1) < waiting.target)
    return [...waiting.writers, ...behind]
  }
}

/** Times to recovery after one kind of fault. */
export interface Span {
  readonly count: number
  readonly p50: number
  readonly max: number
}

/** Adds them up. */
export function spanOf(times: readonly number[]): Span {
  const sorted = [...times].sort((a, b) => a - b)
  return { count: sorted.length, p50: sorted[Math.floor((sorted.length - 1) / 2)] ?? 0, max: sorted.at(-1) ?? 0 }
}
