import { type Scope, scopeId } from '../model/address.ts'
import { ClosedError, isSyncError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import type { ChangeBus, FrameHandler, Subscription } from '../transport/bus.ts'
import type { RetryingStore } from './retrying-store.ts'

/** Maximum wait for a connected bus to confirm a subscription, in ms. */
const SUBSCRIBE_TIMEOUT_MS = 1_000

interface SubscriptionRequest {
  subscription?: Subscription
}

/** A section's bus subscriptions. Retries each until it succeeds or is no longer needed. */
export class Subscriptions {
  readonly #deps: SubscriptionsDeps
  /** Requested subscriptions by scope. `subscription` is absent until it is live. */
  readonly #requests = new Map<string, SubscriptionRequest>()
  #pendingCount = 0
  #closed = false

  constructor(deps: SubscriptionsDeps) {
    this.#deps = deps
  }

  /** True if every requested subscription is live. */
  get isComplete(): boolean {
    return this.#pendingCount === 0
  }

  /**
   * Subscribes to a scope. Resolves when the subscription is live; false if it already was.
   *
   * If the bus is unavailable, resolves without it and keeps retrying. Until the subscription is live, only the
   * heartbeat check finds other instances' changes.
   */
  async add(scope: Scope): Promise<boolean> {
    const { runtime, isBusConnected, onLateSubscription, background } = this.#deps
    const id = scopeId(scope)
    if (this.#requests.get(id)?.subscription) return false
    this.#removeRequest(id)
    const request: SubscriptionRequest = {}
    this.#requests.set(id, request)
    this.#pendingCount++
    const live = this.#subscribe(scope, request)
    let cancel = (): void => {}
    const timeout = new Promise<'late'>((resolve) => {
      cancel = runtime.schedule(() => resolve('late'), isBusConnected() ? SUBSCRIBE_TIMEOUT_MS : 0)
    })
    try {
      if ((await Promise.race([live, timeout])) === 'late') background(live.then(onLateSubscription))
      return true
    } catch (error) {
      if (this.#requests.get(id) === request) this.#removeRequest(id)
      throw error
    } finally {
      cancel()
    }
  }

  async #subscribe(scope: Scope, request: SubscriptionRequest): Promise<void> {
    const { bus, retryingStore, onFrame } = this.#deps
    const isRequested = (): boolean => this.#requests.get(scopeId(scope)) === request
    for (let attempt = 0; ; attempt++) {
      if (this.#closed) throw new ClosedError('the instance is closed')
      if (!isRequested()) return
      try {
        const subscription = await bus.subscribe(scope, onFrame)
        // the subscription may no longer be needed
        if (this.#closed || !isRequested()) return await subscription.stop()
        request.subscription = subscription
        this.#pendingCount--
        return
      } catch (error) {
        if (isSyncError(error) && !error.retryable) throw error
        await retryingStore.backOff(attempt)
      }
    }
  }

  /** Ends the subscription of this scope. */
  async remove(scope: Scope): Promise<void> {
    await this.#removeRequest(scopeId(scope))?.stop()
  }

  #removeRequest(id: string): Subscription | undefined {
    const request = this.#requests.get(id)
    if (request && !request.subscription) this.#pendingCount--
    this.#requests.delete(id)
    return request?.subscription
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#requests.values()].map(({ subscription }) => subscription?.stop()))
  }
}

/** Collaborators of {@link Subscriptions}. */
export interface SubscriptionsDeps {
  readonly bus: ChangeBus
  readonly retryingStore: RetryingStore
  readonly runtime: Runtime
  /** True if the bus reports that it is connected. */
  readonly isBusConnected: () => boolean
  readonly onFrame: FrameHandler
  /** Called when a subscription becomes live after `add` stopped waiting: changes may have been missed. */
  readonly onLateSubscription: () => void
  /** Runs work that no caller awaits; its failure becomes an event. */
  readonly background: (work: Promise<unknown>) => void
}
