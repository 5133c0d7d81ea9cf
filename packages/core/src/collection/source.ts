import { ConflictError, SourceError } from '../model/errors.ts'
import type { Runtime } from '../model/runtime.ts'
import type { Section } from '../replica/section.ts'
import { checkedObject } from './checks.ts'
import type { Writer } from './writer.ts'

/** How long a source may take, in ms: well below the time for which a store remembers deletions. */
const PATIENCE = 30_000
/** How often a document that others make and remove meanwhile is asked for again. */
const MOST_ATTEMPTS = 5
const MOST_ABSENT = 10_000

/** What a source is asked by. */
export interface SourceContext {
  readonly load: (key: string, signal: AbortSignal) => Promise<unknown>
  /** Milliseconds. */
  readonly absentFor: number
  readonly section: Section
  readonly writer: Writer
  readonly runtime: Runtime
}

/**
 * Fills documents that the store does not have from where they come from. Asked once per key however many wait. What it
 * gives is written only if nobody made or deleted the document since it was found absent: an old row, read before an
 * invalidation, must not stay.
 */
export class Source {
  readonly #context: SourceContext
  readonly #running = new Map<string, Promise<void>>()
  /** What the source did not have, and until when it is not asked again. */
  readonly #absent = new Map<string, number>()

  constructor(context: SourceContext) {
    this.#context = context
  }

  /** Is it worth asking? */
  mayHave(key: string): boolean {
    const until = this.#absent.get(key)
    if (until === undefined) return true
    if (this.#context.runtime.elapsed() < until) return false
    this.#absent.delete(key)
    return true
  }

  /**
   * Resolves when the document is there, or the source has none.
   * @throws SourceError; and what a write throws: NotJsonError, RefusedError, …
   */
  fill(key: string): Promise<void> {
    const running = this.#running.get(key)
    if (running) return running
    const work = this.#fill(key).finally(() => this.#running.delete(key))
    this.#running.set(key, work)
    return work
  }

  /** What it did not have it may have by now. */
  async forget(key: string): Promise<void> {
    await this.#running.get(key)?.catch(() => {})
    this.#absent.delete(key)
  }

  async #fill(key: string): Promise<void> {
    const { section, writer } = this.#context
    for (let attempt = 1; ; attempt++) {
      const { value, epoch, seen } = await section.documents.settled(key)
      if (value) return
      const absentAt = { epoch, sequence: seen }
      const found = await this.#ask(key)
      if (found === undefined) return this.#noteAbsent(key)
      try {
        await writer.write(key, { kind: 'fill', document: checkedObject(found, 'source'), absentAt }, {})
        return
      } catch (error) {
        if (!(error instanceof ConflictError) || attempt >= MOST_ATTEMPTS) throw error
      }
    }
  }

  async #ask(key: string): Promise<unknown> {
    const { load, runtime, section } = this.#context
    const address = { ...section.ref, key }
    const patience = new AbortController()
    const late = Promise.withResolvers<never>()
    const cancel = runtime.schedule(() => {
      const error = new SourceError(`the source did not answer within ${PATIENCE} ms`, { address })
      late.reject(error)
      patience.abort(error)
    }, PATIENCE)
    try {
      return await Promise.race([load(key, patience.signal), late.promise])
    } catch (cause) {
      if (cause instanceof SourceError) throw cause
      const message = cause instanceof Error ? cause.message : String(cause)
      throw new SourceError(`the source failed: ${message}`, { cause, address })
    } finally {
      cancel()
    }
  }

  #noteAbsent(key: string): void {
    const { runtime, absentFor } = this.#context
    this.#absent.set(key, runtime.elapsed() + absentFor)
    const [oldest] = this.#absent.keys()
    if (this.#absent.size > MOST_ABSENT && oldest !== undefined) this.#absent.delete(oldest)
  }
}
