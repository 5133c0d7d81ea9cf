import type { EventLog } from '@sync/admin/parts'
import type { CatchUpGoal } from './services/commands.ts'
import type { ServiceHandle } from './services/handle.ts'

/** Measures how long instances take after a fault until they have everything that was written before its end. */
export class RecoveryTimer {
  readonly #log: EventLog
  /** Token of the latest measurement, by instance name. */
  readonly #current = new Map<string, symbol>()

  constructor(log: EventLog) {
    this.#log = log
  }

  /** Starts a measurement at the end of a fault. The result appears in the event log, unless another fault cancels it. */
  start({ name, execute }: Pick<ServiceHandle, 'name' | 'execute'>, goal: CatchUpGoal): void {
    const token = Symbol(name)
    this.#current.set(name, token)
    execute('waitForCatchUp', goal).then(
      ({ at }) => {
        if (this.#current.get(name) !== token) return
        this.#current.delete(name)
        this.#log.add(name, `recovered in ${Math.max(0, at - goal.since)} ms`, at)
      },
      () => {
        // the service has ended, which its own events report
        if (this.#current.get(name) === token) this.#current.delete(name)
      },
    )
  }

  /** Cancels the measurement, since a new fault affects the instance. */
  cancel(name: string): void {
    this.#current.delete(name)
  }
}
