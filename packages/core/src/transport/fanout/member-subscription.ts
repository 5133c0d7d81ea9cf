import type { Scope } from '../../model/address.ts'
import { BusUnavailableError, SyncError } from '../../model/errors.ts'
import type { Runtime } from '../../model/runtime.ts'
import type { ChangeBus, Subscription } from '../bus.ts'
import { RetryDelay } from './retry-delay.ts'

/** What a strand is for, and who hears of it. */
export interface MemberSubscriptionDeps {
  readonly bus: ChangeBus
  readonly runtime: Runtime
  readonly scope: Scope
  readonly onFrame: (frame: string | Uint8Array) => void
  /** Does anybody rely on it? Not while its bus is only being added. */
  readonly isRequired: () => boolean
  /** Its state is another one. */
  readonly onStateChange: () => void
  /** It was refused, for the first time or for good. */
  readonly onFailure: (error: SyncError) => void
}

/**
 * `joining`: asked for, no answer yet. `late`: refused or slow, tried until it is live. `refused`: for good, trying again
 * would not help.
 */
export type MemberSubscriptionState = 'connecting' | 'retrying' | 'live' | 'rejected' | 'stopped'

/** One subscription on one of several buses, made for as long as it takes. */
export class MemberSubscription {
  readonly #deps: MemberSubscriptionDeps
  readonly #retryDelay: RetryDelay
  readonly #abortController = new AbortController()
  readonly #settled = Promise.withResolvers<void>()
  #state: MemberSubscriptionState = 'connecting'
  #subscription: Subscription | undefined
  #error: SyncError | undefined

  constructor(options: MemberSubscriptionDeps) {
    this.#deps = options
    this.#retryDelay = new RetryDelay(options.runtime)
  }

  get state(): MemberSubscriptionState {
    return this.#state
  }

  get awaited(): boolean {
    return this.#deps.isRequired()
  }

  /** Why it was refused last. */
  get error(): SyncError | undefined {
    return this.#error
  }

  /** Resolves when it is live, stopped, or refused for good. */
  get settled(): Promise<void> {
    return this.#settled.promise
  }

  /** Begins. */
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
        const error =
          cause instanceof SyncError ? cause : new BusUnavailableError('the bus refused', { cause, address: scope })
        this.#onRejected(error, attempt)
        if (!error.retryable) return
      }
      await this.#retryDelay.wait(attempt)
    }
  }

  /** The bus is said to be there: what was refused is tried now. */
  retryNow(): void {
    this.#retryDelay.skip()
  }

  /** Others do not wait for it any longer. */
  markLate(): void {
    if (this.#state === 'connecting') this.#setState('retrying')
  }

  /** Ends it: nothing is heard from this moment on. */
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
