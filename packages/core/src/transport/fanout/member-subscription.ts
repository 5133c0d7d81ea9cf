import type { Scope } from '../../model/address.ts'
import { BusUnavailableError, isSyncError, type SyncError } from '../../model/errors.ts'
import type { Runtime } from '../../model/runtime.ts'
import type { ChangeBus, Subscription } from '../bus.ts'
import { RetryDelay } from './retry-delay.ts'

/** Collaborators of `MemberSubscription`. */
export interface MemberSubscriptionDeps {
  readonly bus: ChangeBus
  readonly runtime: Runtime
  readonly scope: Scope
  readonly onFrame: (frame: string | Uint8Array) => void
  /** Whether the subscription must wait for it; false while its bus is being added. */
  readonly isRequired: () => boolean
  /** Called when the state changes. */
  readonly onStateChange: () => void
  /** Called for the first rejection and for a final one. */
  readonly onFailure: (error: SyncError) => void
}

/**
 * State of a member subscription:
 * - `connecting`: requested, not answered yet
 * - `retrying`: rejected or slow, retried until it is live
 * - `live`: the bus delivers
 * - `rejected`: rejected permanently; a retry would not help
 * - `stopped`: stopped by the subscriber
 */
export type MemberSubscriptionState = 'connecting' | 'retrying' | 'live' | 'rejected' | 'stopped'

/** Subscription on one bus of a fan-out. Retries until it is live. */
export class MemberSubscription {
  readonly #deps: MemberSubscriptionDeps
  readonly #retryDelay: RetryDelay
  readonly #abortController = new AbortController()
  readonly #settled = Promise.withResolvers<void>()
  #state: MemberSubscriptionState = 'connecting'
  #subscription: Subscription | undefined
  #error: SyncError | undefined

  constructor(deps: MemberSubscriptionDeps) {
    this.#deps = deps
    this.#retryDelay = new RetryDelay(deps.runtime)
  }

  get state(): MemberSubscriptionState {
    return this.#state
  }

  get awaited(): boolean {
    return this.#deps.isRequired()
  }

  /** Error of the latest rejection. */
  get error(): SyncError | undefined {
    return this.#error
  }

  /** Resolves when it is live, stopped, or permanently rejected. */
  get settled(): Promise<void> {
    return this.#settled.promise
  }

  /** Subscribes, with retries. */
  async start(): Promise<void> {
    const { bus, scope } = this.#deps
    for (let attempt = 0; this.#state !== 'stopped'; attempt++) {
      try {
        const subscription = await bus.subscribe(scope, (frame) => this.#onFrame(frame), {
          signal: this.#abortController.signal,
        })
        await this.#onSubscribed(subscription)
        return
      } catch (cause) {
        const error = isSyncError(cause)
          ? cause
          : new BusUnavailableError('subscribe failed; see the cause', { cause, address: scope })
        this.#onRejected(error, attempt)
        if (!error.retryable) return
      }
      await this.#retryDelay.wait(attempt)
    }
  }

  /** Retries at once, because the bus is available again. */
  retryNow(): void {
    this.#retryDelay.skip()
  }

  /** Marks it as late, so that the subscription no longer waits for it. */
  markLate(): void {
    if (this.#state === 'connecting') this.#setState('retrying')
  }

  /** Stops the subscription. No frame is delivered from this moment on. */
  async stop(): Promise<void> {
    this.#state = 'stopped'
    this.#settled.resolve()
    this.#abortController.abort()
    this.#retryDelay.skip()
    await this.#subscription?.stop()
  }

  #onFrame(frame: string | Uint8Array): void {
    if (this.#state !== 'stopped') this.#deps.onFrame(frame)
  }

  async #onSubscribed(subscription: Subscription): Promise<void> {
    this.#subscription = subscription
    if (this.#state === 'stopped') await subscription.stop()
    else this.#setState('live')
  }

  #onRejected(error: SyncError, attempt: number): void {
    if (this.#state === 'stopped') return
    this.#error = error
    if (attempt === 0 || !error.retryable) this.#deps.onFailure(error)
    this.#setState(error.retryable ? 'retrying' : 'rejected')
  }

  #setState(state: MemberSubscriptionState): void {
    if (this.#state === state) return
    this.#state = state
    if (state === 'live' || state === 'rejected') this.#settled.resolve()
    this.#deps.onStateChange()
  }
}
