import { type Scope, scopeId, sectionOf } from '../../model/address.ts'
import type { SyncError } from '../../model/errors.ts'
import type { Runtime } from '../../model/runtime.ts'
import type { BusFailure, BusStatus, ChangeBus } from '../bus.ts'
import type { FanoutSubscription } from './fanout-subscription.ts'
import { MemberSubscription } from './member-subscription.ts'
import { PublishQueue } from './publish-queue.ts'

/** What a member works with, and who hears of it. */
export interface MemberDeps {
  readonly bus: ChangeBus
  readonly runtime: Runtime
  readonly onStatus: (status: BusStatus) => void
  readonly onFailure: (failure: BusFailure) => void
}

/** One bus of a fan-out: what goes to it, and what is heard from it. */
export class Member {
  readonly bus: ChangeBus
  /** It is in, but not yet live for every subscription: nobody relies on hearing what it brings. */
  isJoining = false
  readonly #deps: MemberDeps
  readonly #queues = new Map<string, PublishQueue>()
  readonly #subscriptions = new Map<FanoutSubscription, MemberSubscription>()
  readonly #unsubscribeStatus: () => void
  readonly #unsubscribeFailure: (() => void) | undefined
  #interrupted = false

  constructor(options: MemberDeps) {
    const { bus, onFailure } = options
    this.bus = bus
    this.#deps = options
    this.#unsubscribeStatus = bus.onStatus((status) => this.#onStatus(status))
    this.#unsubscribeFailure = bus.onFailure?.(onFailure)
  }

  /** Is it known that changes are missed on this bus? */
  get interrupted(): boolean {
    return this.#interrupted && !this.isJoining
  }

  /** Why a subscription was refused for good, if one was. */
  get rejection(): SyncError | undefined {
    return [...this.#subscriptions.values()].find(({ state }) => state === 'rejected')?.error
  }

  /** The way of a section's changes to this bus. */
  queue(scope: Scope): PublishQueue {
    const id = scopeId(sectionOf(scope))
    const queue = this.#queues.get(id) ?? new PublishQueue(this.bus, this.#deps.runtime)
    this.#queues.set(id, queue)
    return queue
  }

  /** Joins a subscription. Resolves when it is live here, refused for good, or stopped. */
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

  /** The subscription is over. */
  removeSubscription(subscription: FanoutSubscription): void {
    this.#subscriptions.delete(subscription)
  }

  /** Resolves when nothing waits for this bus any more: it was taken, or given up. */
  async drain(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.whenDrained))
  }

  /** Neither hears nor sends from this moment on; the subscriptions go on with what other buses there are. */
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
