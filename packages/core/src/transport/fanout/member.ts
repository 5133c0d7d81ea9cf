import { type Scope, scopeId, sectionOf } from '../../model/address.ts'
import type { SyncError } from '../../model/errors.ts'
import type { Runtime } from '../../model/runtime.ts'
import type { BusFailure, BusStatus, ChangeBus } from '../bus.ts'
import { Outbox } from './outbox.ts'
import { Strand } from './strand.ts'
import type { JoinedSubscription } from './subscription.ts'

/** What a member works with, and who hears of it. */
export interface MemberOptions {
  readonly bus: ChangeBus
  readonly runtime: Runtime
  readonly status: (status: BusStatus) => void
  readonly failed: (failure: BusFailure) => void
}

/** One bus of a fan-out: what goes to it, and what is heard from it. */
export class Member {
  readonly bus: ChangeBus
  /** It is in, but not yet live for every subscription: nobody relies on hearing what it brings. */
  arriving = false
  readonly #options: MemberOptions
  readonly #outboxes = new Map<string, Outbox>()
  readonly #strands = new Map<JoinedSubscription, Strand>()
  readonly #endStatus: () => void
  readonly #endFailure: (() => void) | undefined
  #interrupted = false

  constructor(options: MemberOptions) {
    const { bus, failed } = options
    this.bus = bus
    this.#options = options
    this.#endStatus = bus.onStatus((status) => this.#hear(status))
    this.#endFailure = bus.onFailure?.(failed)
  }

  /** Is it known that changes are missed on this bus? */
  get interrupted(): boolean {
    return this.#interrupted && !this.arriving
  }

  /** Why a subscription was refused for good, if one was. */
  get refusal(): SyncError | undefined {
    return [...this.#strands.values()].find(({ state }) => state === 'refused')?.error
  }

  /** The way of a section's changes to this bus. */
  outbox(scope: Scope): Outbox {
    const id = scopeId(sectionOf(scope))
    const outbox = this.#outboxes.get(id) ?? new Outbox(this.bus, this.#options.runtime)
    this.#outboxes.set(id, outbox)
    return outbox
  }

  /** Joins a subscription. Resolves when it is live here, refused for good, or stopped. */
  join(subscription: JoinedSubscription): Promise<void> {
    const { scope } = subscription
    const { bus, runtime } = this.#options
    const strand = new Strand({
      bus,
      runtime,
      scope,
      onFrame: (frame) => subscription.hear(frame),
      awaited: () => !this.arriving,
      changed: () => subscription.look(),
      failed: (error) => subscription.failed(error),
    })
    this.#strands.set(subscription, strand)
    subscription.add(strand)
    void strand.join()
    return strand.settled
  }

  /** The subscription is over. */
  forget(subscription: JoinedSubscription): void {
    this.#strands.delete(subscription)
  }

  /** Resolves when nothing waits for this bus any more: it was taken, or given up. */
  async drain(): Promise<void> {
    await Promise.all([...this.#outboxes.values()].map((outbox) => outbox.drained))
  }

  /** Neither hears nor sends from this moment on; the subscriptions go on with what other buses there are. */
  async leave(): Promise<void> {
    this.#endStatus()
    const strands = [...this.#strands]
    this.#strands.clear()
    for (const [subscription, strand] of strands) subscription.remove(strand)
    await Promise.all(strands.map(([, strand]) => strand.stop()))
    for (const outbox of this.#outboxes.values()) outbox.close()
    this.#endFailure?.()
  }

  #hear(status: BusStatus): void {
    this.#interrupted = status === 'interrupted' || status === 'closed'
    if (!this.#interrupted) {
      for (const outbox of this.#outboxes.values()) outbox.prompt()
      for (const strand of this.#strands.values()) strand.prompt()
    }
    this.#options.status(status)
  }
}
