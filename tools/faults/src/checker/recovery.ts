/** Who has to recover. */
export interface Participants {
  readonly writers: readonly string[]
  readonly replicas: readonly string[]
}

/**
 * Times how long it takes after faults ended until every writer has been acknowledged a write that it began after them, and
 * every replica has told all of these and whatever was acknowledged before. Sequences are of one section; times in ms.
 */
export class Recovery {
  readonly #participants: Participants
  readonly #delivered = new Map<string, number>()
  #acknowledged = 0
  #pending: { readonly since: number; target: number; readonly writers: Set<string> } | undefined

  constructor(participants: Participants) {
    this.#participants = participants
  }

  /** Faults ended at that time: all of this begins anew. */
  start(now: number): void {
    this.#pending = { since: now, target: this.#acknowledged, writers: new Set(this.#participants.writers) }
  }

  /** A writer was acknowledged a write. */
  onAcknowledged(writer: string, sequence: number, startedAt: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, sequence)
    const pending = this.#pending
    if (!pending || startedAt < pending.since || !pending.writers.delete(writer)) return
    pending.target = Math.max(pending.target, sequence)
  }

  /** A replica has told everything up to there. */
  onDelivered(replica: string, sequence: number): void {
    this.#delivered.set(replica, sequence)
  }

  /** A replica begins anew: what it told before does not count. */
  onReplicaEnded(replica: string): void {
    this.#delivered.delete(replica)
  }

  /** The store lost everything beyond: nobody has told it, nobody waits for it. */
  onHistoryLost(fork: number): void {
    this.#acknowledged = Math.min(this.#acknowledged, fork)
    if (this.#pending) this.#pending.target = Math.min(this.#pending.target, fork)
    for (const [replica, sequence] of this.#delivered) this.#delivered.set(replica, Math.min(sequence, fork))
  }

  /** Who is still missing; nobody: all have recovered. */
  get notRecovered(): readonly string[] {
    const pending = this.#pending
    if (!pending) return []
    const behind = this.#participants.replicas.filter((name) => (this.#delivered.get(name) ?? -1) < pending.target)
    return [...pending.writers, ...behind]
  }
}

/** Times to recovery after one kind of fault. */
export interface RecoverySummary {
  readonly count: number
  readonly p50: number
  readonly max: number
}

/** Adds them up. */
export function summarizeTimes(times: readonly number[]): RecoverySummary {
  const sorted = [...times].sort((a, b) => a - b)
  return { count: sorted.length, p50: sorted[Math.floor((sorted.length - 1) / 2)] ?? 0, max: sorted.at(-1) ?? 0 }
}
