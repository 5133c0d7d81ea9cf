import type { SyncStats } from '@sync/core'
import { fromPosition } from './audit/history.ts'
import type { Recovery } from './audit/recovery.ts'
import type { Actor } from './scene/scene.ts'
import type { EpochChange, Report } from './work/messages.ts'

/** Hears what writers and replicas tell. */
export class Observer {
  readonly #recovery: Recovery
  /** By life: counters end with their process. */
  readonly #stats = new Map<string, SyncStats>()
  /** Epoch changes, each once. */
  readonly history: EpochChange[] = []
  /** What must never be. */
  readonly wrong: string[] = []

  constructor(recovery: Recovery) {
    this.#recovery = recovery
  }

  hear(actor: Actor, message: Report): void {
    switch (message.report) {
      case 'acknowledged':
        this.#recovery.acknowledged(actor.name, fromPosition(message.position).sequence, message.begunAt)
        break
      case 'told':
        this.#recovery.told(actor.name, fromPosition(message.position).sequence)
        break
      case 'epoch':
        this.#epoch(message.change)
        break
      case 'stats':
        this.#stats.set(actor.life, message.stats)
        break
      case 'running':
        break
      case 'gone':
        this.#recovery.gone(actor.name)
        break
      case 'wrong':
        this.wrong.push(message.what)
        break
    }
  }

  /** What all lives counted together. */
  total(of: (stats: SyncStats) => number): number {
    return [...this.#stats.values()].reduce((sum, stats) => sum + of(stats), 0)
  }

  #epoch(change: EpochChange): void {
    const same = ({ from, to, lost }: EpochChange): boolean =>
      from === change.from && to === change.to && lost === change.lost
    if (this.history.some(same)) return
    this.history.push(change)
    if (change.lost) this.#recovery.lost(change.fork ?? 0)
  }
}
