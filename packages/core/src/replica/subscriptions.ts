import { type Scope, scopeId } from '../model/address.ts'
import { ClosedError, SyncError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import type { ChangeBus, FrameHandler, Subscription } from '../transport/bus.ts'
import type { RetryingStore } from './retrying-store.ts'

/** For how long, in ms, a bus that seems to be there is waited for. */
const SUBSCRIBE_TIMEOUT_MS = 1_000

/** What subscriptions work with. */
export interface SubscriptionsDeps {
  readonly bus: ChangeBus
  readonly retryingStore: RetryingStore
  readonly runtime: Runtime
  /** Is the bus there, as far as it knows? */
  readonly isBusConnected: () => boolean
  readonly onFrame: FrameHandler
  /** One that was not waited for is live: what came meanwhile was not heard. */
  readonly onLateSubscription: () => void
  /** Takes the failure of one that was not waited for. */
  readonly background: (work: Promise<unknown>) => void
}

interface SubscriptionRequest {
  subscription?: Subscription
}

/** A section's subscriptions: made for as long as it takes, ended together. */
export class Subscriptions {
  readonly #deps: SubscriptionsDeps
  /** What is to be heard; absent subscription: it is not live yet. */
  readonly #requests = new Map<string, SubscriptionRequest>()
  #pendingCount = 0
  #closed = false

  constructor(deps: SubscriptionsDeps) {
    this.#deps = deps
  }

  /** Is every one of them live? */
  get isComplete(): boolean {
    return this.#pendingCount === 0
  }

  /**
   * Resolves when live at the broker. A bus that cannot be reached is not waited for: it is tried again and again, and until
   * then only the silence check finds what others write. So it is, from then on, where it refuses later.
   * False: it was live already.
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
        // nobody may want it any more
        if (this.#closed || !isRequested()) return await subscription.stop()
        request.subscription = subscription
        this.#pendingCount--
        return
      } catch (error) {
        if (error instanceof SyncError && !error.retryable) throw error
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
