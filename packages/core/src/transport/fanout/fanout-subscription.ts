import type { Scope } from '../../model/address.ts'
import { BusUnavailableError, ClosedError, type SyncError } from '../../model/errors.ts'
import type { Runtime } from '../../model/runtime.ts'
import type { BusFailure, Subscription } from '../bus.ts'
import { Deduplicator } from './deduplicator.ts'
import type { MemberSubscription } from './member-subscription.ts'

/** Time in ms to wait for slower buses once one bus is live. */
const GRACE_MS = 250

/** Collaborators of `FanoutSubscription`. */
export interface FanoutSubscriptionDeps {
  readonly scope: Scope
  readonly runtime: Runtime
  readonly onFrame: (frame: string | Uint8Array) => void
  /** Called when the subscription may have become complete or incomplete. */
  readonly onChange: () => void
  readonly onFailure: (failure: BusFailure) => void
  readonly onStop: () => void
}

/** One subscription of a fan-out: a member subscription on each of its buses. */
export class FanoutSubscription implements Subscription {
  readonly scope: Scope
  readonly #deps: FanoutSubscriptionDeps
  readonly #memberSubscriptions = new Set<MemberSubscription>()
  #deduplicator = new Deduplicator()
  readonly #live = Promise.withResolvers<void>()
  #state: 'connecting' | 'live' | 'over' = 'connecting'
  #isIncomplete = false
  /**
   * Errors of the first attempts. Reported if the subscription goes live without those buses, but not if it fails as a
   * whole.
   */
  #earlyErrors: SyncError[] = []
  #cancelGrace: (() => void) | undefined
  #stopping: Promise<void> | undefined

  constructor(deps: FanoutSubscriptionDeps) {
    this.scope = deps.scope
    this.#deps = deps
    // Avoids an unhandled rejection if the subscriber no longer waits.
    this.#live.promise.catch(() => {})
  }

  /**
   * Resolves when the subscription is live on every bus, or on one while others are late. Rejects when every bus has
   * rejected it.
   */
  get live(): Promise<void> {
    return this.#live.promise
  }

  /** Whether the subscription is live but misses the changes of one of the buses. */
  get isIncomplete(): boolean {
    return this.#isIncomplete
  }

  add(memberSubscription: MemberSubscription): void {
    this.#memberSubscriptions.add(memberSubscription)
  }

  remove(memberSubscription: MemberSubscription): void {
    this.#memberSubscriptions.delete(memberSubscription)
    if (this.#memberSubscriptions.size === 1) this.#deduplicator = new Deduplicator()
    this.update()
  }

  /** Receives a frame of one bus. Changes that another bus has already delivered are removed. */
  receive(frame: string | Uint8Array): void {
    const fresh = this.#memberSubscriptions.size > 1 ? this.#deduplicator.removeRepeats(frame) : frame
    if (fresh !== undefined) this.#deps.onFrame(fresh)
  }

  /** Handles a member's rejection: its first one or a final one. */
  failed(error: SyncError): void {
    if (this.#state === 'connecting') this.#earlyErrors.push(error)
    else this.#deps.onFailure({ operation: 'subscribe', scope: this.scope, changes: 0, error })
  }

  /** Re-evaluates the state of the member subscriptions. */
  update(): void {
    if (this.#state === 'connecting') this.#updateWhileJoining()
    if (this.#state !== 'live') return
    const isMissing = ({ state, awaited }: MemberSubscription): boolean =>
      awaited && (state === 'retrying' || state === 'rejected')
    this.#isIncomplete = [...this.#memberSubscriptions].some(isMissing)
    this.#deps.onChange()
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #updateWhileJoining(): void {
    const memberSubscriptions = [...this.#memberSubscriptions]
    const joining = memberSubscriptions.filter(({ state }) => state === 'connecting')
    if (!memberSubscriptions.some(({ state }) => state === 'live')) {
      if (joining.length === 0 && memberSubscriptions.length > 0)
        this.#reject(mostHopefulError(memberSubscriptions, this.scope))
    } else if (joining.some(({ awaited }) => awaited)) {
      this.#cancelGrace ??= this.#deps.runtime.schedule(() => this.#markJoiningLate(), GRACE_MS)
    } else this.#goLive()
  }

  #goLive(): void {
    this.#state = 'live'
    this.#cancelGrace?.()
    this.#live.resolve()
    for (const error of this.#earlyErrors.splice(0)) this.failed(error)
  }

  #reject(error: SyncError): void {
    this.#state = 'over'
    this.#cancelGrace?.()
    this.#live.reject(error)
  }

  #markJoiningLate(): void {
    for (const memberSubscription of this.#memberSubscriptions) memberSubscription.markLate()
  }

  async #stop(): Promise<void> {
    this.#reject(new ClosedError('the subscription is stopped', { address: this.scope }))
    this.#isIncomplete = false
    this.#deps.onStop()
    await Promise.all([...this.#memberSubscriptions].map((memberSubscription) => memberSubscription.stop()))
  }
}

/** Returns a retryable error if there is one, otherwise the first. */
function mostHopefulError(memberSubscriptions: readonly MemberSubscription[], scope: Scope): SyncError {
  const errors = memberSubscriptions.flatMap(({ error }) => error ?? [])
  return (
    errors.find(({ retryable }) => retryable) ??
    errors[0] ??
    new BusUnavailableError('expected a live bus, got none', { address: scope })
  )
}
