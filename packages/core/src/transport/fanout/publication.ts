import type { Scope } from '../../model/address.ts'
import type { SyncError } from '../../model/errors.ts'
import type { BusFailure } from '../bus.ts'
import type { EncodedChange } from '../wire.ts'

/** Publish queue of one bus, as a publication sees it. */
export interface PublicationTarget {
  /** Whether a call to the bus is still unanswered. */
  readonly isInFlight: boolean
}

/** Changes of one scope on their way to several buses. Published as soon as one bus has taken them. */
export class Publication {
  readonly scope: Scope
  readonly changes: readonly EncodedChange[]
  readonly #outcome = Promise.withResolvers<void>()
  readonly #pending: Set<PublicationTarget>
  readonly #onFailure: (failure: BusFailure) => void
  #state: 'open' | 'published' | 'rejected' = 'open'
  /** Failures of buses that gave up before another one took the changes. */
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

  /** Resolves when one bus has taken the changes; rejects when every bus that answers has given up. */
  get whenPublished(): Promise<void> {
    return this.#outcome.promise
  }

  /** Records that a bus has taken the changes. */
  onAccepted(by: PublicationTarget): void {
    this.#pending.delete(by)
    if (this.#state !== 'open') return
    this.#state = 'published'
    this.#outcome.resolve()
    for (const failure of this.#earlyFailures) this.#onFailure(failure)
  }

  /**
   * Records that a bus has given up. The failure is emitted if another bus takes the changes; otherwise `whenPublished`
   * rejects.
   */
  onRejected(by: PublicationTarget, error: SyncError): void {
    this.#pending.delete(by)
    const { scope, changes } = this
    const failure: BusFailure = { operation: 'publish', scope, changes: changes.length, error }
    if (this.#state === 'published') this.#onFailure(failure)
    else this.#earlyFailures.push(failure)
    // An unresponsive bus must not keep the publisher from retrying the others.
    if (this.#state !== 'open' || ![...this.#pending].every(({ isInFlight }) => isInFlight)) return
    this.#state = 'rejected'
    this.#outcome.reject(error)
  }
}
