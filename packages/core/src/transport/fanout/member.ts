import { type Scope, scopeId, sectionOf } from '../../model/address.ts'
import type { SyncError } from '../../model/errors.ts'
import type { Runtime } from '../../model/runtime.ts'
import type { BusFailure, BusStatus, ChangeBus } from '../bus.ts'
import type { FanoutSubscription } from './fanout-subscription.ts'
import { MemberSubscription } from './member-subscription.ts'
import { PublishQueue } from './publish-queue.ts'

/** Collaborators of `Member`. */
export interface MemberDeps {
  readonly bus: ChangeBus
  readonly runtime: Runtime
  readonly onStatus: (status: BusStatus) => void
  readonly onFailure: (failure: BusFailure) => void
}

/** One bus of a fan-out, with its publish queues and subscriptions. */
export class Member {
  readonly bus: ChangeBus
  /** Whether the bus is being added: not every subscription is live on it yet, and none depends on it. */
  isJoining = false
  readonly #deps: MemberDeps
  readonly #queues = new Map<string, PublishQueue>()
  readonly #subscriptions = new Map<FanoutSubscription, MemberSubscription>()
  readonly #unsubscribeStatus: () => void
  readonly #unsubscribeFailure: (() => void) | undefined
  #interrupted = false

  constructor(deps: MemberDeps) {
    const { bus, onFailure } = deps
    this.bus = bus
    this.#deps = deps
    this.#unsubscribeStatus = bus.onStatus((status) => this.#onStatus(status))
    this.#unsubscribeFailure = bus.onFailure?.(onFailure)
  }

  /** Whether changes are known to be missed on this bus. */
  get interrupted(): boolean {
    return this.#interrupted && !this.isJoining
  }

  /** Error of a permanently rejected subscription, if any. */
  get rejection(): SyncError | undefined {
    return [...this.#subscriptions.values()].find(({ state }) => state === 'rejected')?.error
  }

  /** Returns the publish queue of a section on this bus. */
  queue(scope: Scope): PublishQueue {
    const id = scopeId(sectionOf(scope))
    const queue = this.#queues.get(id) ?? new PublishQueue(this.bus, this.#deps.runtime)
    this.#queues.set(id, queue)
    return queue
  }

  /** Subscribes on this bus. Resolves when the subscription is live here, permanently rejected or stopped. */
  subscribe(subscription: FanoutSubscription): Promise<void> {
    const { scope } = subscription
    const { bus, runtime } = this.#deps
    const memberSubscription = new MemberSubscription({
      bus,
      runtime,
      scope,
      onFrame: (frame) => subscription.receive(frame),
      isRequired: () => !this.isJoining,
      onStateChange: () => subscription.update(),
      onFailure: (error) => subscription.failed(error),
    })
    this.#subscriptions.set(subscription, memberSubscription)
    subscription.add(memberSubscription)
    void memberSubscription.start()
    return memberSubscription.settled
  }

  /** Removes a stopped subscription. */
  removeSubscription(subscription: FanoutSubscription): void {
    this.#subscriptions.delete(subscription)
  }

  /** Resolves when no changes are queued for this bus: each was taken or given up. */
  async drain(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.whenDrained))
  }

  /** Stops receiving and sending on this bus. Subscriptions continue on the remaining buses. */
  async close(): Promise<void> {
    this.#unsubscribeStatus()
    const memberSubscriptions = [...this.#subscriptions]
    this.#subscriptions.clear()
    for (const [subscription, memberSubscription] of memberSubscriptions) subscription.remove(memberSubscription)
    await Promise.all(memberSubscriptions.map(([, memberSubscription]) => memberSubscription.stop()))
    for (const queue of this.#queues.values()) queue.close()
    this.#unsubscribeFailure?.()
  }

  #onStatus(status: BusStatus): void {
    this.#interrupted = status === 'interrupted' || status === 'closed'
    if (!this.#interrupted) {
      for (const queue of this.#queues.values()) queue.retryNow()
      for (const memberSubscription of this.#subscriptions.values()) memberSubscription.retryNow()
    }
    this.#deps.onStatus(status)
  }
}
