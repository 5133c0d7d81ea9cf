import type { SyncStats } from '@sync/core'
import { parsePosition } from './checker/epoch-history.ts'
import type { Recovery } from './checker/recovery.ts'
import type { Worker } from './environment/environment.ts'
import type { EpochChange, Report } from './workload/messages.ts'

/** Hears what writers and replicas tell. */
export class Observer {
  readonly #recovery: Recovery
  /** By life: counters end with their process. */
  readonly #stats = new Map<string, SyncStats>()
  /** Epoch changes, each once. */
  readonly epochHistory: EpochChange[] = []
  /** What must never be. */
  readonly problems: string[] = []

  constructor(recovery: Recovery) {
    this.#recovery = recovery
  }

  receive(worker: Worker, message: Report): void {
    switch (message.report) {
      case 'acknowledged':
        this.#recovery.onAcknowledged(worker.name, parsePosition(message.position).sequence, message.startedAt)
        break
      case 'told':
        this.#recovery.onDelivered(worker.name, parsePosition(message.position).sequence)
        break
      case 'epoch':
        this.#recordEpoch(message.change)
        break
      case 'stats':
        this.#stats.set(worker.life, message.stats)
        break
      case 'running':
        break
      case 'gone':
        this.#recovery.onReplicaEnded(worker.name)
        break
      case 'wrong':
        this.problems.push(message.what)
        break
    }
  }

  /** What all lives counted together. */
  sum(of: (stats: SyncStats) => number): number {
    return [...this.#stats.values()].reduce((sum, stats) => sum + of(stats), 0)
  }

  #recordEpoch(change: EpochChange): void {
    const same = ({ from, to, lost }: EpochChange): boolean =>
      from === change.from && to === change.to && lost === change.lost
    if (this.epochHistory.some(same)) return
    this.epochHistory.push(change)
    if (change.lost) this.#recovery.onHistoryLost(change.fork ?? 0)
  }
}
