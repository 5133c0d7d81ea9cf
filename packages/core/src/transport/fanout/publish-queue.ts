import { type Scope, scopeId } from '../../model/address.ts'
import { BusUnavailableError, ClosedError, isSyncError, LimitError, type SyncError } from '../../model/errors.ts'
import type { Runtime } from '../../model/runtime.ts'
import type { ChangeBus } from '../bus.ts'
import type { Publication, PublicationTarget } from './publication.ts'
import { RetryDelay } from './retry-delay.ts'

const MAX_ATTEMPTS = 6
const MAX_BATCH = 1_000
/** Maximum number of changes queued for a slow or unresponsive bus. */
const MAX_QUEUED = 10_000

/**
 * Queue of one section's changes for one bus. Publishes in order, batches waiting changes, and gives up after a few
 * attempts.
 */
export class PublishQueue implements PublicationTarget {
  readonly #bus: ChangeBus
  readonly #retryDelay: RetryDelay
  #queue: Publication[] = []
  #queuedChanges = 0
  #sending = false
  #closed = false
  #running: Promise<void> | undefined

  constructor(bus: ChangeBus, runtime: Runtime) {
    this.#bus = bus
    this.#retryDelay = new RetryDelay(runtime)
  }

  get isInFlight(): boolean {
    return this.#sending
  }

  /** Resolves when every queued publication, including those added in the meantime, was taken or given up. */
  get whenDrained(): Promise<void> {
    return this.#running ?? Promise.resolve()
  }

  enqueue(publication: Publication): void {
    if (this.#queuedChanges + publication.changes.length > MAX_QUEUED) this.#rejectQueued(queueFullError)
    this.#queue.push(publication)
    this.#queuedChanges += publication.changes.length
    this.#running ??= this.#run()
  }

  /** Retries at once, because the bus is available again. */
  retryNow(): void {
    this.#retryDelay.skip()
  }

  /** Gives up all queued publications. */
  close(): void {
    this.#closed = true
    this.#retryDelay.skip()
    this.#rejectQueued((scope) => new ClosedError('the bus was removed', { address: scope }))
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) await this.#sendWithRetries(this.#nextBatch())
    // Synchronous with the check above, so that the next `enqueue` starts a new run.
    this.#running = undefined
  }

  /** Takes the publications to send in one call. A retry sends the same batch. */
  #nextBatch(): readonly [Publication, ...Publication[]] {
    const [first] = this.#queue as [Publication]
    const id = scopeId(first.scope)
    let changes = first.changes.length
    let count = 1
    for (; count < this.#queue.length; count++) {
      const publication = this.#queue[count] as Publication
      changes += publication.changes.length
      if (changes > MAX_BATCH || scopeId(publication.scope) !== id) break
    }
    const batch = this.#queue.splice(0, count) as [Publication, ...Publication[]]
    for (const publication of batch) this.#queuedChanges -= publication.changes.length
    return batch
  }

  async #sendWithRetries(batch: readonly [Publication, ...Publication[]]): Promise<void> {
    const changes = batch.flatMap((publication) => publication.changes)
    for (let attempt = 0; ; attempt++) {
      const error = await this.#trySend(batch[0].scope, changes)
      if (!error) {
        for (const publication of batch) publication.onAccepted(this)
        return
      }
      if (!error.retryable || attempt + 1 >= MAX_ATTEMPTS || this.#closed) {
        for (const publication of batch) publication.onRejected(this, error)
        return
      }
      await this.#retryDelay.wait(attempt)
    }
  }

  async #trySend(scope: Scope, changes: Publication['changes']): Promise<SyncError | undefined> {
    this.#sending = true
    try {
      await this.#bus.publish(scope, changes)
      return undefined
    } catch (cause) {
      return isSyncError(cause)
        ? cause
        : new BusUnavailableError('publish failed; see the cause', { cause, address: scope })
    } finally {
      this.#sending = false
    }
  }

  #rejectQueued(reason: (scope: Scope) => SyncError): void {
    const rejected = this.#queue
    this.#queue = []
    this.#queuedChanges = 0
    for (const publication of rejected) publication.onRejected(this, reason(publication.scope))
  }
}

const queueFullError = (address: Scope): SyncError =>
  new LimitError(`expected at most ${MAX_QUEUED} queued changes, got more; the bus is too slow`, { address })
