import type { BusStatus } from '../bus.ts'
import { Listeners } from '../listeners.ts'

/** What several buses tell as one: `interrupted` as long as one of them is missed. */
export class JoinedStatus {
  readonly listeners: Listeners<BusStatus> = new Listeners<BusStatus>()
  readonly #misses: () => boolean
  #status: BusStatus | undefined

  /** `misses`: is it known that changes are missed on one of the buses? */
  constructor(misses: () => boolean) {
    this.#misses = misses
  }

  /** One of them tells something. */
  heard(status: BusStatus): void {
    if (status === 'connected' && this.#status === undefined) this.#tell('connected')
    if (status === 'resumed') this.heardAgain()
    else this.look()
  }

  /** Something has changed: tells what they have become. */
  look(): void {
    const misses = this.#misses()
    if (misses === (this.#status === 'interrupted')) return
    if (misses) this.#tell('interrupted')
    else this.heardAgain()
  }

  /** One more is heard: what was missed has to be asked for now, though others may be missed still. */
  heardAgain(): void {
    this.#tell('resumed')
    if (this.#misses()) this.#tell('interrupted')
  }

  /** The last that is told. */
  close(): void {
    this.#tell('closed')
    this.listeners.clear()
  }

  #tell(status: BusStatus): void {
    if (this.#status === 'closed') return
    this.#status = status
    this.listeners.tell(status)
  }
}
