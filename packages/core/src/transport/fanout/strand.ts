import type { Scope } from '../../model/address.ts'
import { BusAwayError, SyncError } from '../../model/errors.ts'
import type { Runtime } from '../../model/runtime.ts'
import type { ChangeBus, Subscription } from '../bus.ts'
import { Pause } from './pause.ts'

/** What a strand is for, and who hears of it. */
export interface StrandOptions {
  readonly bus: ChangeBus
  readonly runtime: Runtime
  readonly scope: Scope
  readonly onFrame: (frame: string | Uint8Array) => void
  /** Does anybody rely on it? Not while its bus is only being added. */
  readonly awaited: () => boolean
  /** Its state is another one. */
  readonly changed: () => void
  /** It was refused, for the first time or for good. */
  readonly failed: (error: SyncError) => void
}

/**
 * `joining`: asked for, no answer yet. `late`: refused or slow, tried until it is live. `refused`: for good, trying again
 * would not help.
 */
export type StrandState = 'joining' | 'late' | 'live' | 'refused' | 'stopped'

/** One subscription on one of several buses, made for as long as it takes. */
export class Strand {
  readonly #options: StrandOptions
  readonly #pause: Pause
  readonly #ended = new AbortController()
  readonly #settled = Promise.withResolvers<void>()
  #state: StrandState = 'joining'
  #subscription: Subscription | undefined
  #error: SyncError | undefined

  constructor(options: StrandOptions) {
    this.#options = options
    this.#pause = new Pause(options.runtime)
  }

  get state(): StrandState {
    return this.#state
  }

  get awaited(): boolean {
    return this.#options.awaited()
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
  async join(): Promise<void> {
    const { bus, scope } = this.#options
    for (let attempt = 0; this.#state !== 'stopped'; attempt++) {
      try {
        const subscription = await bus.subscribe(scope, (frame) => this.#hear(frame), { signal: this.#ended.signal })
        await this.#joined(subscription)
        return
      } catch (cause) {
        const error =
          cause instanceof SyncError ? cause : new BusAwayError('the bus refused', { cause, address: scope })
        this.#refused(error, attempt)
        if (!error.retryable) return
      }
      await this.#pause.wait(attempt)
    }
  }

  /** The bus is said to be there: what was refused is tried now. */
  prompt(): void {
    this.#pause.end()
  }

  /** Others do not wait for it any longer. */
  beLate(): void {
    if (this.#state === 'joining') this.#become('late')
  }

  /** Ends it: nothing is heard from this moment on. */
  async stop(): Promise<void> {
    this.#state = 'stopped'
    this.#settled.resolve()
    this.#ended.abort()
    this.#pause.end()
    await this.#subscription?.stop()
  }

  #hear(frame: string | Uint8Array): void {
    if (this.#state !== 'stopped') this.#options.onFrame(frame)
  }

  async #joined(subscription: Subscription): Promise<void> {
    this.#subscription = subscription
    if (this.#state === 'stopped') await subscription.stop()
    else this.#become('live')
  }

  #refused(error: SyncError, attempt: number): void {
    if (this.#state === 'stopped') return
    this.#error = error
    if (attempt === 0 || !error.retryable) this.#options.failed(error)
    this.#become(error.retryable ? 'late' : 'refused')
  }

  #become(state: StrandState): void {
    if (this.#state === state) return
    this.#state = state
    if (state === 'live' || state === 'refused') this.#settled.resolve()
    this.#options.changed()
  }
}
