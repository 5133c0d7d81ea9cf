import type { Scope, SectionRef } from '../model/address.ts'
import { backoffDelay } from '../model/backoff.ts'
import { BusUnavailableError, isSyncError, messageOf, type SyncError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import type { Metrics } from '../replica/metrics.ts'
import type { ChangeBus } from '../transport/bus.ts'
import { utf8ByteLength } from '../transport/utf8.ts'
import type { EncodedChange } from '../transport/wire.ts'

const MAX_ATTEMPTS = 6
const MAX_BATCH = 1_000
/**
 * Maximum number of changes that wait for an unavailable bus. Receivers find dropped changes by the heartbeat check.
 */
const MAX_QUEUED = 100_000

/**
 * Publishes one section's committed changes, in order. Waiting changes are sent together. A failed publish is retried a
 * few times and then reported as an event; receivers find the gap and read it from the store.
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

  /** Counts a change that the store published within the commit. */
  countBytes(change: EncodedChange): void {
    this.#deps.metrics.publishedBytes += utf8ByteLength(change.text)
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
      new BusUnavailableError(`expected at most ${MAX_QUEUED} changes to wait for the bus, got more`, {
        address: this.#ref,
      }),
    )
  }

  #publishError(cause: unknown): BusUnavailableError {
    const message = messageOf(cause)
    return new BusUnavailableError(`publish failed: ${message}`, { cause, address: this.#ref })
  }

  /** Resolves when no change waits. */
  async flush(): Promise<void> {
    while (this.#running) await this.#running
  }

  async #run(): Promise<void> {
    // changes published in the same turn are sent together
    await undefined
    while (this.#queue.length > 0) {
      const changes = this.#queue.splice(0, MAX_BATCH)
      if (!this.#perDocument) await this.#send(this.#ref, changes)
      else for (const change of changes) await this.#send({ ...this.#ref, key: change.key }, [change])
    }
    // no await since the queue was checked: the next publish() starts a new run
    this.#running = undefined
  }

  async #send(scope: Scope, changes: readonly EncodedChange[]): Promise<void> {
    const { bus, runtime, onFailure } = this.#deps
    for (let attempt = 0; ; attempt++) {
      try {
        await bus.publish(scope, changes)
        return
      } catch (cause) {
        const error = isSyncError(cause) ? cause : this.#publishError(cause)
        if (!error.retryable || attempt + 1 >= MAX_ATTEMPTS) {
          onFailure(this.#ref, changes.length, error)
          return
        }
      }
      await new Promise<void>((resolve) => runtime.schedule(resolve, backoffDelay(attempt, runtime.random())))
    }
  }
}

/** Collaborators of {@link Publisher}. */
export interface PublisherDeps {
  readonly bus: ChangeBus
  readonly runtime: Runtime
  readonly metrics: Metrics
  readonly onFailure: (ref: SectionRef, changes: number, error: SyncError) => void
}
