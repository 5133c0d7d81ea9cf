import type { Position } from '@sync/core'

/** The sequence in a position: for people to look at and for times to recovery, within one epoch. */
export const sequenceOf = (position: Position): number => Number.parseInt(position, 10)

/** Times how long replicas take to hold all that was written when their disturbance ended. */
export class Recovery {
  readonly #waiting = new Map<string, { readonly target: number; readonly since: number }>()

  /** The disturbance of a replica ended, with the writer at `target`. `now` in ms. */
  begin(replica: string, target: number, now: number): void {
    this.#waiting.set(replica, { target, since: now })
  }

  /** It was disturbed anew: nothing to be timed. */
  cancel(replica: string): void {
    this.#waiting.delete(replica)
  }

  /** A replica is at `sequence`: how long it took in ms, if this is the recovery. */
  reached(replica: string, sequence: number, now: number): number | undefined {
    const waiting = this.#waiting.get(replica)
    if (waiting === undefined || sequence < waiting.target) return undefined
    this.#waiting.delete(replica)
    return now - waiting.since
  }
}
