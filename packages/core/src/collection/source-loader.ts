import { ConflictError, StoreUnavailableError } from '../model/errors.ts'
import type { JsonObject } from '../model/json.ts'
import type { LogPosition } from '../model/position.ts'
import type { Runtime } from '../model/runtime.ts'
import type { Replica } from '../replica/replica.ts'
import type { SectionReplica } from '../replica/section-replica.ts'
import { parseObject } from './argument-checks.ts'
import type { SourceCalls } from './source-calls.ts'
import type { WriteOperation } from './write-operation.ts'

/** Maximum attempts for a document that other writers keep creating and deleting. */
const MAX_ATTEMPTS = 5
const MAX_MISSES = 10_000

/** A document of the source, with the position at which the store did not have it. */
interface SourceRow {
  readonly document: JsonObject
  readonly absentAt: LogPosition
}

/** A document of the source that was read while the store was unavailable. */
export interface SourceCopy {
  readonly value: JsonObject
  readonly isSourceCopy: true
}

/** Commits the document that was loaded. */
export type WriteRow = (operation: Extract<WriteOperation, { kind: 'fill' }>) => Promise<unknown>

/**
 * Loads documents that the store does not have from the collection's source, once per key for all waiting callers.
 *
 * The result is written only if the document was neither created nor deleted after it was found absent. An old row,
 * read before an invalidation, must not stay.
 */
export class SourceLoader {
  readonly #deps: SourceLoaderDeps
  readonly #fills = new Map<string, Promise<void>>()
  readonly #loads = new Map<string, Promise<SourceRow | undefined>>()
  /** Keys that the source does not have, with the time until which readers do not ask again, in elapsed ms. */
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
   * Fills the document for a reader. Resolves when it exists, or the source does not have it.
   * @throws SourceError (`SYNC_SOURCE`), and any error of a write
   */
  fill(key: string, write: WriteRow): Promise<void> {
    const running = this.#fills.get(key)
    if (running) return running
    const work = this.#fill(() => this.#load(key), write)
      .then(() => {})
      .finally(() => this.#fills.delete(key))
    this.#fills.set(key, work)
    return work
  }

  /**
   * Fills the document for a write that is based on it. Shares the source's answer with readers, but not their fill,
   * which waits in the queue behind this write. Resolves with the source's document, if it was asked and has one.
   * @throws SourceError (`SYNC_SOURCE`), and any error of a write
   */
  fillForWrite(key: string, write: WriteRow): Promise<JsonObject | undefined> {
    return this.#fill(() => this.#loadForWrite(key), write)
  }

  /** Returns the source's document, whether or not the store has it. */
  async read(key: string): Promise<JsonObject | undefined> {
    const document = await this.#deps.calls.call(key)
    return document === undefined ? undefined : parseObject(document, 'source')
  }

  /**
   * Reads the document, or the source's if the store is unavailable or becomes so. The read continues without a
   * receiver.
   * @throws SourceError (`SYNC_SOURCE`)
   */
  async readDespiteOutage(key: string, read: () => Promise<Replica>): Promise<Replica | SourceCopy | undefined> {
    const { promise: outage, resolve } = Promise.withResolvers<'outage'>()
    const stop = this.#deps.onStoreUnavailable(() => resolve('outage'))
    try {
      const first = await Promise.race([
        outage,
        read().catch((error: unknown) => {
          if (error instanceof StoreUnavailableError) return 'outage' as const
          throw error
        }),
      ])
      if (first !== 'outage') return first
      const value = await this.read(key)
      return value && { value, isSourceCopy: true }
    } finally {
      stop()
    }
  }

  /** Forgets that the source did not have the document. Resolves when a `load` in flight has settled. */
  async evict(key: string): Promise<void> {
    await Promise.allSettled([this.#fills.get(key), this.#loads.get(key)])
    this.#misses.delete(key)
  }

  async #fill(load: () => Promise<SourceRow | undefined>, write: WriteRow): Promise<JsonObject | undefined> {
    let document: JsonObject | undefined
    for (let attempt = 1; ; attempt++) {
      const row = await load()
      if (!row) return document
      document = row.document
      try {
        await write({ kind: 'fill', ...row })
        return document
      } catch (error) {
        if (!(error instanceof ConflictError) || attempt >= MAX_ATTEMPTS) throw error
      }
    }
  }

  /** Asks again if the source's "not found" may be older than this write. */
  async #loadForWrite(key: string): Promise<SourceRow | undefined> {
    const isShared = this.#loads.has(key)
    const row = await this.#load(key)
    return row || !isShared ? row : this.#load(key)
  }

  /** Asks the source once for all callers, if the store does not have the document. */
  #load(key: string): Promise<SourceRow | undefined> {
    const running = this.#loads.get(key)
    if (running) return running
    const work = this.#loadAbsent(key).finally(() => this.#loads.delete(key))
    this.#loads.set(key, work)
    return work
  }

  async #loadAbsent(key: string): Promise<SourceRow | undefined> {
    const { value, epoch, sequence } = await this.#deps.section.reader.acquireSettled(key)
    if (value) return undefined
    const document = await this.read(key)
    if (document) return { document, absentAt: { epoch, sequence } }
    this.#rememberMiss(key)
    return undefined
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
  readonly calls: SourceCalls
  /** Calls back once the store is unavailable, at once if it already is. Returns an unsubscribe function. */
  readonly onStoreUnavailable: (callback: () => void) => () => void
  /** Milliseconds. */
  readonly negativeTtl: number
  readonly section: SectionReplica
  readonly runtime: Runtime
}
