import type { BusStatus } from '../bus.ts'
import { Listeners } from '../listeners.ts'

/** What several buses tell as one: `interrupted` as long as one of them is missed. */
export class FanoutStatus {
  readonly listeners: Listeners<BusStatus> = new Listeners<BusStatus>()
  readonly #missesChanges: () => boolean
  #status: BusStatus | undefined

  /** `misses`: is it known that changes are missed on one of the buses? */
  constructor(missesChanges: () => boolean) {
    this.#missesChanges = missesChanges
  }

  /** One of them tells something. */
  onStatus(status: BusStatus): void {
    if (status === 'connected' && this.#status === undefined) this.#emit('connected')
    if (status === 'resumed') this.emitResumed()
    else this.update()
  }

  /** Something has changed: tells what they have become. */
  update(): void {
    const missesChanges = this.#missesChanges()
    if (missesChanges === (this.#status === 'interrupted')) return
    if (missesChanges) this.#emit('interrupted')
    else this.emitResumed()
  }

  /** One more is heard: what was missed has to be asked for now, though others may be missed still. */
  emitResumed(): void {
    this.#emit('resumed')
    if (this.#missesChanges()) this.#emit('interrupted')
  }

  /** The last that is told. */
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
