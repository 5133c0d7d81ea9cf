import { ConflictError, SourceError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import type { SectionReplica } from '../replica/section-replica.ts'
import { parseObject } from './argument-checks.ts'
import type { WriteQueue } from './write-queue.ts'

/** Maximum duration of a `load` call, in ms: well below the time for which a store remembers deletions. */
const TIMEOUT_MS = 30_000
/** Maximum attempts for a document that other writers keep creating and deleting. */
const MAX_ATTEMPTS = 5
const MAX_MISSES = 10_000

/**
 * Loads documents that the store does not have from the collection's source, once per key for all waiting readers.
 *
 * The result is written only if the document was neither created nor deleted after it was found absent. An old row,
 * read before an invalidation, must not stay.
 */
export class SourceLoader {
  readonly #deps: SourceLoaderDeps
  readonly #inFlight = new Map<string, Promise<void>>()
  /** Keys that the source does not have, with the time until which it is not asked again, in elapsed ms. */
  readonly #misses = new Map<string, number>()

  constructor(deps: SourceLoaderDeps) {
    this.#deps = deps
  }

  /** True unless the source recently reported that it does not have the document. */
  shouldLoad(key: string): boolean {
    const until = this.#misses.get(key)
    if (until === undefined) return true
    if (this.#deps.runtime.elapsed() < until) return false
    this.#misses.delete(key)
    return true
  }

  /**
   * Resolves when the document exists, or the source does not have it.
   * @throws SourceError (`SYNC_SOURCE`), and any error of a write
   */
  fill(key: string): Promise<void> {
    const running = this.#inFlight.get(key)
    if (running) return running
    const work = this.#fill(key).finally(() => this.#inFlight.delete(key))
    this.#inFlight.set(key, work)
    return work
  }

  /** Forgets that the source did not have the document. Resolves when a `load` in flight has settled. */
  async evict(key: string): Promise<void> {
    await this.#inFlight.get(key)?.catch(() => {})
    this.#misses.delete(key)
  }

  async #fill(key: string): Promise<void> {
    const { section, writeQueue } = this.#deps
    for (let attempt = 1; ; attempt++) {
      const { value, epoch, sequence } = await section.reader.acquireSettled(key)
      if (value) return
      const absentAt = { epoch, sequence }
      const loaded = await this.#callSource(key)
      if (loaded === undefined) return this.#rememberMiss(key)
      try {
        await writeQueue.enqueue(key, { kind: 'fill', document: parseObject(loaded, 'source'), absentAt }, {})
        return
      } catch (error) {
        if (!(error instanceof ConflictError) || attempt >= MAX_ATTEMPTS) throw error
      }
    }
  }

  async #callSource(key: string): Promise<unknown> {
    const { load, runtime, section } = this.#deps
    const address = { ...section.ref, key }
    const timeout = new AbortController()
    const expired = Promise.withResolvers<never>()
    const cancel = runtime.schedule(() => {
      const error = new SourceError(`source: expected a result within ${TIMEOUT_MS} ms, got none`, { address })
      expired.reject(error)
      timeout.abort(error)
    }, TIMEOUT_MS)
    try {
      return await Promise.race([load(key, timeout.signal), expired.promise])
    } catch (cause) {
      if (cause instanceof SourceError) throw cause
      const message = cause instanceof Error ? cause.message : String(cause)
      throw new SourceError(`source: load failed: ${message}`, { cause, address })
    } finally {
      cancel()
    }
  }

  #rememberMiss(key: string): void {
    const { runtime, negativeTtl } = this.#deps
    this.#misses.set(key, runtime.elapsed() + negativeTtl)
    const [oldest] = this.#misses.keys()
    if (this.#misses.size > MAX_MISSES && oldest !== undefined) this.#misses.delete(oldest)
  }
}

/** Collaborators of {@link SourceLoader}. */
export interface SourceLoaderDeps {
  readonly load: (key: string, signal: AbortSignal) => Promise<unknown>
  /** Milliseconds. */
  readonly negativeTtl: number
  readonly section: SectionReplica
  readonly writeQueue: WriteQueue
  readonly runtime: Runtime
}
