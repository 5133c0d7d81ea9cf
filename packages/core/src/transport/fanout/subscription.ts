import type { Scope } from '../../model/address.ts'
import { BusAwayError, ClosedError, type SyncError } from '../../model/errors.ts'
import type { Runtime } from '../../model/runtime.ts'
import type { BusFailure, Subscription } from '../bus.ts'
import { Repeats } from './repeats.ts'
import type { Strand } from './strand.ts'

/** How long, in ms, one bus is waited for when another one is live already. */
const GRACE = 250

/** What a subscription works with, and who hears of it. */
export interface JoinedSubscriptionOptions {
  readonly scope: Scope
  readonly runtime: Runtime
  readonly onFrame: (frame: string | Uint8Array) => void
  /** It began, or ceased, to hear all that it should. */
  readonly changed: () => void
  readonly failed: (failure: BusFailure) => void
  readonly stopped: () => void
}

/** One subscription of a fan-out: a strand on each of its buses. */
export class JoinedSubscription implements Subscription {
  readonly scope: Scope
  readonly #options: JoinedSubscriptionOptions
  readonly #strands = new Set<Strand>()
  #repeats = new Repeats()
  readonly #live = Promise.withResolvers<void>()
  #state: 'joining' | 'live' | 'over' = 'joining'
  #incomplete = false
  /** Told if it goes on without those who refused, and not if it does not come about at all. */
  #early: SyncError[] = []
  #cancelGrace: (() => void) | undefined
  #stopping: Promise<void> | undefined

  constructor(options: JoinedSubscriptionOptions) {
    this.scope = options.scope
    this.#options = options
    // whoever made it waits for it, or has gone
    this.#live.promise.catch(() => {})
  }

  /** Resolves when live on every bus, or on some while others are late. Rejects when every bus has refused once. */
  get live(): Promise<void> {
    return this.#live.promise
  }

  /** Is it taken for live, though it misses what one of the buses brings? */
  get incomplete(): boolean {
    return this.#incomplete
  }

  add(strand: Strand): void {
    this.#strands.add(strand)
  }

  remove(strand: Strand): void {
    this.#strands.delete(strand)
    if (this.#strands.size === 1) this.#repeats = new Repeats()
    this.look()
  }

  /** Takes a frame of one of the strands. What another one has brought before is not handed over again. */
  hear(frame: string | Uint8Array): void {
    const fresh = this.#strands.size > 1 ? this.#repeats.fresh(frame) : frame
    if (fresh !== undefined) this.#options.onFrame(fresh)
  }

  /** A strand was refused, for the first time or for good. */
  failed(error: SyncError): void {
    if (this.#state === 'joining') this.#early.push(error)
    else this.#options.failed({ operation: 'subscribe', scope: this.scope, changes: 0, error })
  }

  /** Looks where its strands are. */
  look(): void {
    if (this.#state === 'joining') this.#lookWhetherLive()
    if (this.#state !== 'live') return
    const missing = ({ state, awaited }: Strand): boolean => awaited && (state === 'late' || state === 'refused')
    this.#incomplete = [...this.#strands].some(missing)
    this.#options.changed()
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #lookWhetherLive(): void {
    const strands = [...this.#strands]
    const joining = strands.filter(({ state }) => state === 'joining')
    if (!strands.some(({ state }) => state === 'live')) {
      if (joining.length === 0 && strands.length > 0) this.#refuse(reason(strands))
    } else if (joining.some(({ awaited }) => awaited)) {
      this.#cancelGrace ??= this.#options.runtime.schedule(() => this.#waitNoLonger(), GRACE)
    } else this.#begin()
  }

  #begin(): void {
    this.#state = 'live'
    this.#cancelGrace?.()
    this.#live.resolve()
    for (const error of this.#early.splice(0)) this.failed(error)
  }

  #refuse(error: SyncError): void {
    this.#state = 'over'
    this.#cancelGrace?.()
    this.#live.reject(error)
  }

  #waitNoLonger(): void {
    for (const strand of this.#strands) strand.beLate()
  }

  async #stop(): Promise<void> {
    this.#refuse(new ClosedError('the subscription was stopped', { address: this.scope }))
    this.#incomplete = false
    this.#options.stopped()
    await Promise.all([...this.#strands].map((strand) => strand.stop()))
  }
}

/** The refusal that leaves most hope. */
function reason(strands: readonly Strand[]): SyncError {
  const errors = strands.flatMap(({ error }) => error ?? [])
  return errors.find(({ retryable }) => retryable) ?? errors[0] ?? new BusAwayError('no bus is live')
}
