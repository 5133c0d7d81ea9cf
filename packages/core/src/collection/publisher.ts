import type { Scope, SectionRef } from '../model/address.ts'
import { backoffDelay } from '../model/backoff.ts'
import { BusUnavailableError, SyncError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import type { Metrics } from '../replica/metrics.ts'
import type { ChangeBus } from '../transport/bus.ts'
import type { EncodedChange } from '../transport/wire.ts'

const MAX_ATTEMPTS = 6
const MAX_BATCH = 1_000
/** Changes that may wait for a bus that does not answer; beyond, receivers find them by their silence check. */
const MAX_QUEUED = 100_000

/** What a publisher works with. */
export interface PublisherDeps {
  readonly bus: ChangeBus
  readonly runtime: Runtime
  readonly metrics: Metrics
  readonly onFailure: (ref: SectionRef, changes: number, error: SyncError) => void
}

/**
 * Sends one section's committed changes to the bus, in order. What waits goes together; what the bus refuses is tried
 * again a few times and then given up, with an event: receivers notice, and read it from the store.
 */
export class Publisher {
  readonly #ref: SectionRef
  readonly #perDocument: boolean
  readonly #deps: PublisherDeps
  #queue: EncodedChange[] = []
  #running: Promise<void> | undefined

  constructor(ref: SectionRef, perDocument: boolean, deps: PublisherDeps) {
    this.#ref = ref
    this.#perDocument = perDocument
    this.#deps = deps
  }

  /** It was sent within the commit. */
  countBytes(change: EncodedChange): void {
    this.#deps.metrics.publishedBytes += change.text.length
  }

  publish(change: EncodedChange): void {
    this.countBytes(change)
    if (this.#queue.length >= MAX_QUEUED) this.#dropQueue()
    this.#queue.push(change)
    this.#running ??= this.#run()
  }

  #dropQueue(): void {
    const dropped = this.#queue.splice(0)
    this.#deps.onFailure(
      this.#ref,
      dropped.length,
      new BusUnavailableError('the bus does not answer: too many changes wait'),
    )
  }

  /** Resolves when nothing waits any more. */
  async flush(): Promise<void> {
    while (this.#running) await this.#running
  }

  async #run(): Promise<void> {
    // what is published in the same step goes together
    await undefined
    while (this.#queue.length > 0) {
      const changes = this.#queue.splice(0, MAX_BATCH)
      if (!this.#perDocument) await this.#send(this.#ref, changes)
      else for (const change of changes) await this.#send({ ...this.#ref, key: change.key }, [change])
    }
    // in the same step as the look above: what is published next finds nobody at work
    this.#running = undefined
  }

  async #send(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    const { bus, runtime, onFailure } = this.#deps
    for (let attempt = 0; ; attempt++) {
      try {
        await bus.publish(scope, changes)
        return
      } catch (cause) {
        const error = cause instanceof SyncError ? cause : new BusUnavailableError('the bus refused', { cause })
        if (!error.retryable || attempt + 1 >= MAX_ATTEMPTS) {
          onFailure(this.#ref, changes.length, error)
          return
        }
      }
      await new Promise<void>((resolve) => runtime.schedule(resolve, backoffDelay(attempt, runtime.random())))
    }
  }
}
