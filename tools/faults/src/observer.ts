import type { SyncStats } from '@sync/core'
import { parsePosition } from './checker/epoch-history.ts'
import type { Recovery } from './checker/recovery.ts'
import type { Worker } from './environment/environment.ts'
import type { EpochChange, Report } from './workload/messages.ts'

/** Receives the reports of writers and replicas. */
export class Observer {
  readonly #recovery: Recovery
  /** Latest counters by incarnation, because each process counts from zero. */
  readonly #stats = new Map<string, SyncStats>()
  /** Epoch changes, without duplicates. */
  readonly epochHistory: EpochChange[] = []
  /** Violations that workers have reported. */
  readonly problems: string[] = []

  constructor(recovery: Recovery) {
    this.#recovery = recovery
  }

  receive(worker: Worker, message: Report): void {
    switch (message.report) {
      case 'acknowledged':
        this.#recovery.onAcknowledged(worker.name, parsePosition(message.position).sequence, message.startedAt)
        break
      case 'delivered':
        this.#recovery.onDelivered(worker.name, parsePosition(message.position).sequence)
        break
      case 'epoch':
        this.#recordEpoch(message.change)
        break
      case 'stats':
        this.#stats.set(worker.incarnation, message.stats)
        break
      case 'running':
        break
      case 'exited':
        this.#recovery.onReplicaEnded(worker.name)
        break
      case 'problem':
        this.problems.push(message.text)
        break
    }
  }

  /** Returns the sum of a counter over all incarnations. */
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
