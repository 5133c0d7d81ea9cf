import type { Scope } from '../../model/address.ts'
import { BusUnavailableError, ClosedError, type SyncError } from '../../model/errors.ts'
import type { Runtime } from '../../model/runtime.ts'
import type { BusFailure, Subscription } from '../bus.ts'
import { Deduplicator } from './deduplicator.ts'
import type { MemberSubscription } from './member-subscription.ts'

/** How long, in ms, one bus is waited for when another one is live already. */
const GRACE_MS = 250

/** What a subscription works with, and who hears of it. */
export interface FanoutSubscriptionDeps {
  readonly scope: Scope
  readonly runtime: Runtime
  readonly onFrame: (frame: string | Uint8Array) => void
  /** It began, or ceased, to hear all that it should. */
  readonly onChange: () => void
  readonly onFailure: (failure: BusFailure) => void
  readonly onStop: () => void
}

/** One subscription of a fan-out: a strand on each of its buses. */
export class FanoutSubscription implements Subscription {
  readonly scope: Scope
  readonly #deps: FanoutSubscriptionDeps
  readonly #memberSubscriptions = new Set<MemberSubscription>()
  #deduplicator = new Deduplicator()
  readonly #live = Promise.withResolvers<void>()
  #state: 'connecting' | 'live' | 'over' = 'connecting'
  #isIncomplete = false
  /** Told if it goes on without those who refused, and not if it does not come about at all. */
  #earlyErrors: SyncError[] = []
  #cancelGrace: (() => void) | undefined
  #stopping: Promise<void> | undefined

  constructor(options: FanoutSubscriptionDeps) {
    this.scope = options.scope
    this.#deps = options
    // whoever made it waits for it, or has gone
    this.#live.promise.catch(() => {})
  }

  /** Resolves when live on every bus, or on some while others are late. Rejects when every bus has refused once. */
  get live(): Promise<void> {
    return this.#live.promise
  }

  /** Is it taken for live, though it misses what one of the buses brings? */
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

  /** Takes a frame of one of the strands. What another one has brought before is not handed over again. */
  receive(frame: string | Uint8Array): void {
    const fresh = this.#memberSubscriptions.size > 1 ? this.#deduplicator.removeRepeats(frame) : frame
    if (fresh !== undefined) this.#deps.onFrame(fresh)
  }

  /** A strand was refused, for the first time or for good. */
  failed(error: SyncError): void {
    if (this.#state === 'connecting') this.#earlyErrors.push(error)
    else this.#deps.onFailure({ operation: 'subscribe', scope: this.scope, changes: 0, error })
  }

  /** Looks where its strands are. */
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
      if (joining.length === 0 && memberSubscriptions.length > 0) this.#reject(mostHopefulError(memberSubscriptions))
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
    this.#reject(new ClosedError('the subscription was stopped', { address: this.scope }))
    this.#isIncomplete = false
    this.#deps.onStop()
    await Promise.all([...this.#memberSubscriptions].map((memberSubscription) => memberSubscription.stop()))
  }
}

/** The refusal that leaves most hope. */
function mostHopefulError(memberSubscriptions: readonly MemberSubscription[]): SyncError {
  const errors = memberSubscriptions.flatMap(({ error }) => error ?? [])
  return errors.find(({ retryable }) => retryable) ?? errors[0] ?? new BusUnavailableError('no bus is live')
}
