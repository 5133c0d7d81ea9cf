import type { Scope } from '../../model/address.ts'
import type { SyncError } from '../../model/errors.ts'
import type { BusFailure } from '../bus.ts'
import type { EncodedChange } from '../wire.ts'

/** One of the ways that a parcel can take. */
export interface PublicationTarget {
  /** Is a call under way that has not been answered yet? */
  readonly isInFlight: boolean
}

/** Changes of one scope on their way to several buses: published as soon as one of them has taken them. */
export class Publication {
  readonly scope: Scope
  readonly changes: readonly EncodedChange[]
  readonly #outcome = Promise.withResolvers<void>()
  readonly #pending: Set<PublicationTarget>
  readonly #onFailure: (failure: BusFailure) => void
  #state: 'open' | 'taken' | 'refused' = 'open'
  /** Of those who gave up before another one took it. */
  #earlyFailures: BusFailure[] = []

  constructor(
    scope: Scope,
    changes: readonly EncodedChange[],
    targets: readonly PublicationTarget[],
    onFailure: (failure: BusFailure) => void,
  ) {
    this.scope = scope
    this.changes = changes
    this.#pending = new Set(targets)
    this.#onFailure = onFailure
  }

  /** Resolves when one bus has taken it; rejects when every bus that answers has given up. */
  get whenPublished(): Promise<void> {
    return this.#outcome.promise
  }

  /** A bus has it. */
  onAccepted(by: PublicationTarget): void {
    this.#pending.delete(by)
    if (this.#state !== 'open') return
    this.#state = 'taken'
    this.#outcome.resolve()
    for (const failure of this.#earlyFailures) this.#onFailure(failure)
  }

  /** A bus has given up. Told, unless nobody took it: then the publisher is told. */
  onRejected(by: PublicationTarget, error: SyncError): void {
    this.#pending.delete(by)
    const { scope, changes } = this
    const failure: BusFailure = { operation: 'publish', scope, changes: changes.length, error }
    if (this.#state === 'taken') this.#onFailure(failure)
    else this.#earlyFailures.push(failure)
    // one that does not answer must not keep the publisher from trying the others again
    if (this.#state !== 'open' || ![...this.#pending].every(({ isInFlight }) => isInFlight)) return
    this.#state = 'refused'
    this.#outcome.reject(error)
  }
}
