import type { EventLog } from './event-log.ts'
import type { CatchUpGoal } from './services/commands.ts'
import type { ServiceHandle } from './services/handle.ts'

/** Times how long instances take to hold all that was written when what was done to them ended. */
export class RecoveryTimer {
  readonly #log: EventLog
  /** By the instance's name: which of its recoveries counts. */
  readonly #current = new Map<string, symbol>()

  constructor(log: EventLog) {
    this.#log = log
  }

  /** What was done to an instance ended: the event log tells when it has recovered, unless it is disturbed before. */
  start({ name, execute }: Pick<ServiceHandle, 'name' | 'execute'>, goal: CatchUpGoal): void {
    const token = Symbol(name)
    this.#current.set(name, token)
    execute('caughtUp', goal).then(
      ({ at }) => {
        if (this.#current.get(name) !== token) return
        this.#current.delete(name)
        this.#log.add(name, `recovered within ${Math.max(0, at - goal.since)} ms`, at)
      },
      () => {
        // it has ended, which its own events tell
        if (this.#current.get(name) === token) this.#current.delete(name)
      },
    )
  }

  /** The instance was disturbed anew: nothing to be timed. */
  cancel(name: string): void {
    this.#current.delete(name)
  }
}
