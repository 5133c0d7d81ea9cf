import { type Scope, scopeId } from '../model/address.ts'
import { ClosedError, SyncError } from '../model/errors.ts'
import type { ChangeBus, FrameHandler, Subscription } from '../transport/bus.ts'
import type { StoreLink } from './store-link.ts'

/** A section's subscriptions: made for as long as it takes, ended together. */
export class Subscriptions {
  readonly #bus: ChangeBus
  readonly #link: StoreLink
  readonly #onFrame: FrameHandler
  readonly #live = new Map<string, Subscription>()
  #closed = false

  constructor(bus: ChangeBus, link: StoreLink, onFrame: FrameHandler) {
    this.#bus = bus
    this.#link = link
    this.#onFrame = onFrame
  }

  /** Resolves when live at the broker. Tries again while the bus cannot be reached. */
  async add(scope: Scope): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      if (this.#closed) throw new ClosedError('the instance is closed')
      try {
        const subscription = await this.#bus.subscribe(scope, this.#onFrame)
        if (this.#closed) await subscription.stop()
        else this.#live.set(scopeId(scope), subscription)
        return
      } catch (error) {
        if (error instanceof SyncError && !error.retryable) throw error
        await this.#link.pause(attempt)
      }
    }
  }

  /** Ends the subscription of this scope, if it is live. */
  async remove(scope: Scope): Promise<void> {
    const subscription = this.#live.get(scopeId(scope))
    this.#live.delete(scopeId(scope))
    await subscription?.stop()
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#live.values()].map((subscription) => subscription.stop()))
  }
}
