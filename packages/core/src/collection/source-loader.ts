import { ConflictError, SourceError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import type { SectionReplica } from '../replica/section-replica.ts'
import { parseObject } from './argument-checks.ts'
import type { WriteQueue } from './write-queue.ts'

/** How long a source may take, in ms: well below the time for which a store remembers deletions. */
const TIMEOUT_MS = 30_000
/** How often a document that others make and remove meanwhile is asked for again. */
const MAX_ATTEMPTS = 5
const MAX_MISSES = 10_000

/** What a source is asked by. */
export interface SourceLoaderDeps {
  readonly load: (key: string, signal: AbortSignal) => Promise<unknown>
  /** Milliseconds. */
  readonly negativeTtl: number
  readonly section: SectionReplica
  readonly writeQueue: WriteQueue
  readonly runtime: Runtime
}

/**
 * Fills documents that the store does not have from where they come from. Asked once per key however many wait. What it
 * gives is written only if nobody made or deleted the document since it was found absent: an old row, read before an
 * invalidation, must not stay.
 */
export class SourceLoader {
  readonly #deps: SourceLoaderDeps
  readonly #inFlight = new Map<string, Promise<void>>()
  /** What the source did not have, and until when it is not asked again. */
  readonly #misses = new Map<string, number>()

  constructor(deps: SourceLoaderDeps) {
    this.#deps = deps
  }

  /** Is it worth asking? */
  shouldLoad(key: string): boolean {
    const until = this.#misses.get(key)
    if (until === undefined) return true
    if (this.#deps.runtime.elapsed() < until) return false
    this.#misses.delete(key)
    return true
  }

  /**
   * Resolves when the document is there, or the source has none.
   * @throws SourceError; and what a write throws: NotJsonError, RejectedError, …
   */
  fill(key: string): Promise<void> {
    const running = this.#inFlight.get(key)
    if (running) return running
    const work = this.#fill(key).finally(() => this.#inFlight.delete(key))
    this.#inFlight.set(key, work)
    return work
  }

  /** What it did not have it may have by now. */
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
      const error = new SourceError(`the source did not answer within ${TIMEOUT_MS} ms`, { address })
      expired.reject(error)
      timeout.abort(error)
    }, TIMEOUT_MS)
    try {
      return await Promise.race([load(key, timeout.signal), expired.promise])
    } catch (cause) {
      if (cause instanceof SourceError) throw cause
      const message = cause instanceof Error ? cause.message : String(cause)
      throw new SourceError(`the source failed: ${message}`, { cause, address })
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
