import { type Scope, scopeId } from '../model/address.ts'
import { ClosedError, SyncError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import type { ChangeBus, FrameHandler, Subscription } from '../transport/bus.ts'
import type { StoreLink } from './store-link.ts'

/** For how long, in ms, a bus that seems to be there is waited for. */
const PATIENCE = 1_000

/** What subscriptions work with. */
export interface SubscriptionsContext {
  readonly bus: ChangeBus
  readonly link: StoreLink
  readonly runtime: Runtime
  /** Is the bus there, as far as it knows? */
  readonly hears: () => boolean
  readonly onFrame: FrameHandler
  /** One that was not waited for is live: what came meanwhile was not heard. */
  readonly onLate: () => void
  /** Takes the failure of one that was not waited for. */
  readonly background: (work: Promise<unknown>) => void
}

interface Wanted {
  subscription?: Subscription
}

/** A section's subscriptions: made for as long as it takes, ended together. */
export class Subscriptions {
  readonly #context: SubscriptionsContext
  /** What is to be heard; absent subscription: it is not live yet. */
  readonly #wanted = new Map<string, Wanted>()
  #missing = 0
  #closed = false

  constructor(context: SubscriptionsContext) {
    this.#context = context
  }

  /** Is every one of them live? */
  get complete(): boolean {
    return this.#missing === 0
  }

  /**
   * Resolves when live at the broker. A bus that cannot be reached is not waited for: it is tried again and again, and until
   * then only the silence check finds what others write. So it is, from then on, where it refuses later.
   * False: it was live already.
   */
  async add(scope: Scope): Promise<boolean> {
    const { runtime, hears, onLate, background } = this.#context
    const id = scopeId(scope)
    if (this.#wanted.get(id)?.subscription) return false
    this.#forget(id)
    const wanted: Wanted = {}
    this.#wanted.set(id, wanted)
    this.#missing++
    const live = this.#subscribe(scope, wanted)
    let cancel = (): void => {}
    const patience = new Promise<'late'>((resolve) => {
      cancel = runtime.schedule(() => resolve('late'), hears() ? PATIENCE : 0)
    })
    try {
      if ((await Promise.race([live, patience])) === 'late') background(live.then(onLate))
      return true
    } catch (error) {
      if (this.#wanted.get(id) === wanted) this.#forget(id)
      throw error
    } finally {
      cancel()
    }
  }

  async #subscribe(scope: Scope, wanted: Wanted): Promise<void> {
    const { bus, link, onFrame } = this.#context
    const isWanted = (): boolean => this.#wanted.get(scopeId(scope)) === wanted
    for (let attempt = 0; ; attempt++) {
      if (this.#closed) throw new ClosedError('the instance is closed')
      if (!isWanted()) return
      try {
        const subscription = await bus.subscribe(scope, onFrame)
        // nobody may want it any more
        if (this.#closed || !isWanted()) return await subscription.stop()
        wanted.subscription = subscription
        this.#missing--
        return
      } catch (error) {
        if (error instanceof SyncError && !error.retryable) throw error
        await link.pause(attempt)
      }
    }
  }

  /** Ends the subscription of this scope. */
  async remove(scope: Scope): Promise<void> {
    await this.#forget(scopeId(scope))?.stop()
  }

  #forget(id: string): Subscription | undefined {
    const wanted = this.#wanted.get(id)
    if (wanted && !wanted.subscription) this.#missing--
    this.#wanted.delete(id)
    return wanted?.subscription
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#wanted.values()].map(({ subscription }) => subscription?.stop()))
  }
}
