import type { BusStatus } from '../bus.ts'
import { Listeners } from '../listeners.ts'

/** Combined status of several buses: `interrupted` while changes may be missed on any of them. */
export class FanoutStatus {
  readonly listeners: Listeners<BusStatus> = new Listeners<BusStatus>()
  readonly #missesChanges: () => boolean
  #status: BusStatus | undefined

  /** `missesChanges` returns whether changes are known to be missed on one of the buses. */
  constructor(missesChanges: () => boolean) {
    this.#missesChanges = missesChanges
  }

  /** Handles a status of one bus. */
  onStatus(status: BusStatus): void {
    if (status === 'connected' && this.#status === undefined) this.#emit('connected')
    if (status === 'resumed') this.emitResumed()
    else this.update()
  }

  /** Emits the combined status if it changed. */
  update(): void {
    const missesChanges = this.#missesChanges()
    if (missesChanges === (this.#status === 'interrupted')) return
    if (missesChanges) this.#emit('interrupted')
    else this.emitResumed()
  }

  /**
   * Emits `resumed` because another bus delivers again: missed changes must be read from the store now. Emits
   * `interrupted` afterwards if others are still missing.
   */
  emitResumed(): void {
    this.#emit('resumed')
    if (this.#missesChanges()) this.#emit('interrupted')
  }

  /** Emits `closed`, the last status. */
  close(): void {
    this.#emit('closed')
    this.listeners.clear()
  }

  #emit(status: BusStatus): void {
    if (this.#status === 'closed') return
    this.#status = status
    this.listeners.emit(status)
  }
}
