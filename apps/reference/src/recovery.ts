import type { EventLog } from './event-log.ts'
import type { Handle } from './services/handle.ts'
import type { Mark } from './services/orders.ts'

/** Times how long instances take to hold all that was written when what was done to them ended. */
export class Recovery {
  readonly #log: EventLog
  /** By the instance's name: which of its recoveries counts. */
  readonly #current = new Map<string, symbol>()

  constructor(log: EventLog) {
    this.#log = log
  }

  /** What was done to an instance ended: the event log tells when it has recovered, unless it is disturbed before. */
  begin({ name, ask }: Pick<Handle, 'name' | 'ask'>, mark: Mark): void {
    const own = Symbol(name)
    this.#current.set(name, own)
    ask('caughtUp', mark).then(
      ({ at }) => {
        if (this.#current.get(name) !== own) return
        this.#current.delete(name)
        this.#log.add(name, `recovered within ${Math.max(0, at - mark.since)} ms`, at)
      },
      () => {
        // it has ended, which its own events tell
        if (this.#current.get(name) === own) this.#current.delete(name)
      },
    )
  }

  /** The instance was disturbed anew: nothing to be timed. */
  cancel(name: string): void {
    this.#current.delete(name)
  }
}
