import type { Scope, SectionRef } from '../model/address.ts'
import { backoff } from '../model/backoff.ts'
import { BusAwayError, SyncError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import type { Counters } from '../replica/counters.ts'
import type { ChangeBus } from '../transport/bus.ts'
import type { EncodedChange } from '../transport/wire.ts'

const ATTEMPTS = 6
const MOST_AT_ONCE = 1_000
/** Changes that may wait for a bus that does not answer; beyond, receivers find them by their silence check. */
const MOST_WAITING = 100_000

/** What a publisher works with. */
export interface PublisherContext {
  readonly bus: ChangeBus
  readonly runtime: Runtime
  readonly counters: Counters
  readonly failed: (ref: SectionRef, changes: number, error: SyncError) => void
}

/**
 * Sends one section's committed changes to the bus, in order. What waits goes together; what the bus refuses is tried
 * again a few times and then given up, with an event: receivers notice, and read it from the store.
 */
export class Publisher {
  readonly #ref: SectionRef
  readonly #byKey: boolean
  readonly #context: PublisherContext
  #waiting: EncodedChange[] = []
  #running: Promise<void> | undefined

  constructor(ref: SectionRef, byKey: boolean, context: PublisherContext) {
    this.#ref = ref
    this.#byKey = byKey
    this.#context = context
  }

  /** It was sent within the commit. */
  count(change: EncodedChange): void {
    this.#context.counters.publishedBytes += change.text.length
  }

  publish(change: EncodedChange): void {
    this.count(change)
    if (this.#waiting.length >= MOST_WAITING) this.#giveUp()
    this.#waiting.push(change)
    this.#running ??= this.#run()
  }

  #giveUp(): void {
    const given = this.#waiting.splice(0)
    this.#context.failed(this.#ref, given.length, new BusAwayError('the bus does not answer: too many changes wait'))
  }

  /** Resolves when nothing waits any more. */
  async flush(): Promise<void> {
    while (this.#running) await this.#running
  }

  async #run(): Promise<void> {
    // what is published in the same step goes together
    await undefined
    while (this.#waiting.length > 0) {
      const changes = this.#waiting.splice(0, MOST_AT_ONCE)
      if (!this.#byKey) await this.#send(this.#ref, changes)
      else for (const change of changes) await this.#send({ ...this.#ref, key: change.key }, [change])
    }
    // in the same step as the look above: what is published next finds nobody at work
    this.#running = undefined
  }

  async #send(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    const { bus, runtime, failed } = this.#context
    for (let attempt = 0; ; attempt++) {
      try {
        await bus.publish(scope, changes)
        return
      } catch (cause) {
        const error = cause instanceof SyncError ? cause : new BusAwayError('the bus refused', { cause })
        if (!error.retryable || attempt + 1 >= ATTEMPTS) {
          failed(this.#ref, changes.length, error)
          return
        }
      }
      await new Promise<void>((resolve) => runtime.schedule(resolve, backoff(attempt, runtime.random())))
    }
  }
}
