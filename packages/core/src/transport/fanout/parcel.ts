import type { Scope } from '../../model/address.ts'
import type { SyncError } from '../../model/errors.ts'
import type { BusFailure } from '../bus.ts'
import type { EncodedChange } from '../wire.ts'

/** One of the ways that a parcel can take. */
export interface Way {
  /** Is a call under way that has not been answered yet? */
  readonly unanswered: boolean
}

/** Changes of one scope on their way to several buses: published as soon as one of them has taken them. */
export class Parcel {
  readonly scope: Scope
  readonly changes: readonly EncodedChange[]
  readonly #outcome = Promise.withResolvers<void>()
  readonly #open: Set<Way>
  readonly #tell: (failure: BusFailure) => void
  #state: 'open' | 'taken' | 'refused' = 'open'
  /** Of those who gave up before another one took it. */
  #early: BusFailure[] = []

  constructor(
    scope: Scope,
    changes: readonly EncodedChange[],
    ways: readonly Way[],
    tell: (failure: BusFailure) => void,
  ) {
    this.scope = scope
    this.changes = changes
    this.#open = new Set(ways)
    this.#tell = tell
  }

  /** Resolves when one bus has taken it; rejects when every bus that answers has given up. */
  get published(): Promise<void> {
    return this.#outcome.promise
  }

  /** A bus has it. */
  take(by: Way): void {
    this.#open.delete(by)
    if (this.#state !== 'open') return
    this.#state = 'taken'
    this.#outcome.resolve()
    for (const failure of this.#early) this.#tell(failure)
  }

  /** A bus has given up. Told, unless nobody took it: then the publisher is told. */
  refuse(by: Way, error: SyncError): void {
    this.#open.delete(by)
    const { scope, changes } = this
    const failure: BusFailure = { operation: 'publish', scope, changes: changes.length, error }
    if (this.#state === 'taken') this.#tell(failure)
    else this.#early.push(failure)
    // one that does not answer must not keep the publisher from trying the others again
    if (this.#state !== 'open' || ![...this.#open].every(({ unanswered }) => unanswered)) return
    this.#state = 'refused'
    this.#outcome.reject(error)
  }
}
