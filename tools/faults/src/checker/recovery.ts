/** Names of the workers that must recover. */
export interface Participants {
  readonly writers: readonly string[]
  readonly replicas: readonly string[]
}

/**
 * Determines when all workers have recovered from a fault. A writer has recovered when a write that it started after the fault
 * is acknowledged. A replica has recovered when its stream has delivered all of these writes and everything acknowledged before
 * the fault ended. All sequences belong to one section; all times are in milliseconds.
 */
export class Recovery {
  readonly #participants: Participants
  readonly #delivered = new Map<string, number>()
  #acknowledged = 0
  #pending: { readonly since: number; target: number; readonly writers: Set<string> } | undefined

  constructor(participants: Participants) {
    this.#participants = participants
  }

  /** Starts waiting for the recovery from faults that ended at `now`. */
  start(now: number): void {
    this.#pending = { since: now, target: this.#acknowledged, writers: new Set(this.#participants.writers) }
  }

  /** Records that a writer's write was acknowledged. */
  onAcknowledged(writer: string, sequence: number, startedAt: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, sequence)
    const pending = this.#pending
    if (!pending || startedAt < pending.since || !pending.writers.delete(writer)) return
    pending.target = Math.max(pending.target, sequence)
  }

  /** Records that a replica's stream has delivered everything up to `sequence`. */
  onDelivered(replica: string, sequence: number): void {
    this.#delivered.set(replica, sequence)
  }

  /** Forgets the deliveries of a replica that restarts. */
  onReplicaEnded(replica: string): void {
    this.#delivered.delete(replica)
  }

  /** Forgets everything above `fork`, because the store has lost it. */
  onHistoryLost(fork: number): void {
    this.#acknowledged = Math.min(this.#acknowledged, fork)
    if (this.#pending) this.#pending.target = Math.min(this.#pending.target, fork)
    for (const [replica, sequence] of this.#delivered) this.#delivered.set(replica, Math.min(sequence, fork))
  }

  /** Names of the workers that have not recovered. Empty if all have. */
  get notRecovered(): readonly string[] {
    const pending = this.#pending
    if (!pending) return []
    const behind = this.#participants.replicas.filter((name) => (this.#delivered.get(name) ?? -1) < pending.target)
    return [...pending.writers, ...behind]
  }
}

/** Recovery times of one kind of fault, in milliseconds. */
export interface RecoverySummary {
  readonly count: number
  readonly p50: number
  readonly max: number
}

/** Returns count, median and maximum. */
export function summarizeTimes(times: readonly number[]): RecoverySummary {
  const sorted = [...times].sort((a, b) => a - b)
  return { count: sorted.length, p50: sorted[Math.floor((sorted.length - 1) / 2)] ?? 0, max: sorted.at(-1) ?? 0 }
}
