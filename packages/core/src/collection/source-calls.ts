import type { SectionRef } from '../model/address.ts'
import { typeName } from '../model/assert.ts'
import { captureContext, type RunInContext } from '../model/async-context.ts'
import { messageOf, SourceError } from '../model/errors.ts'
import { runInMicrotask } from '../model/run-in-microtask.ts'
import type { Runtime } from '../model/runtime.ts'

/** Maximum duration of a call, in ms: well below the time for which a store remembers deletions. */
const TIMEOUT_MS = 30_000
/** Maximum number of keys of one `loadMany` call. */
const MAX_KEYS = 100

/** A collection's source, with at least one of the two functions. */
export interface Source {
  readonly load: ((key: string, signal: AbortSignal) => Promise<unknown>) | undefined
  readonly loadMany: ((keys: readonly string[], signal: AbortSignal) => Promise<unknown>) | undefined
  readonly maxConcurrent: number
}

interface QueuedCall {
  readonly key: string
  readonly run: RunInContext
  readonly resolve: (document: unknown) => void
  readonly reject: (error: unknown) => void
}

/**
 * Calls the source of the newest definition, at most `maxConcurrent` times at once. Keys that wait share the next call of `loadMany`. A call runs in
 * the async context of the first caller that it serves.
 */
export class SourceCalls {
  readonly #source: () => Source
  readonly #ref: SectionRef
  readonly #runtime: Runtime
  #queue: QueuedCall[] = []
  #inFlight = 0
  #scheduled = false

  constructor(source: () => Source, ref: SectionRef, runtime: Runtime) {
    this.#source = source
    this.#ref = ref
    this.#runtime = runtime
  }

  /**
   * Asks the source for one document. Resolves with `undefined` if it does not have it.
   * @throws SourceError (`SYNC_SOURCE`) if the source fails or does not answer within 30 s
   */
  call(key: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ key, run: captureContext(), resolve, reject })
      if (this.#scheduled) return
      this.#scheduled = true
      // keys that are requested in the same turn share a call
      runInMicrotask(() => {
        this.#scheduled = false
        this.#send()
      })
    })
  }

  #send(): void {
    const { load, loadMany, maxConcurrent } = this.#source()
    while (this.#queue.length > 0 && this.#inFlight < maxConcurrent) {
      const calls = this.#queue.splice(0, loadMany ? MAX_KEYS : 1)
      const [first] = calls as [QueuedCall]
      this.#inFlight++
      const sending = first.run(() =>
        calls.length === 1 && load
          ? this.#callOne(first, load)
          : this.#callMany(calls, loadMany as Loader<readonly string[]>),
      )
      void sending.finally(() => {
        this.#inFlight--
        this.#send()
      })
    }
  }

  async #callOne({ key, resolve, reject }: QueuedCall, load: Loader<string>): Promise<void> {
    try {
      resolve(await this.#withTimeout((signal) => load(key, signal)))
    } catch (cause) {
      reject(this.#toError('load', key, cause))
    }
  }

  async #callMany(calls: readonly QueuedCall[], loadMany: Loader<readonly string[]>): Promise<void> {
    try {
      const documents = await this.#withTimeout((signal) =>
        loadMany(
          calls.map(({ key }) => key),
          signal,
        ),
      )
      if (!(documents instanceof Map)) throw new Error(`expected a Map by key, got ${typeName(documents)}`)
      for (const { key, resolve, reject } of calls) {
        const document: unknown = documents.get(key)
        if (document instanceof Error) reject(this.#toError('loadMany', key, document))
        else resolve(document)
      }
    } catch (cause) {
      for (const { key, reject } of calls) reject(this.#toError('loadMany', key, cause))
    }
  }

  async #withTimeout(call: (signal: AbortSignal) => Promise<unknown>): Promise<unknown> {
    const timeout = new AbortController()
    const expired = Promise.withResolvers<never>()
    const cancel = this.#runtime.schedule(() => {
      const error = new Error(`expected a result within ${TIMEOUT_MS} ms, got none`)
      expired.reject(error)
      timeout.abort(error)
    }, TIMEOUT_MS)
    try {
      return await Promise.race([call(timeout.signal), expired.promise])
    } finally {
      cancel()
    }
  }

  #toError(name: 'load' | 'loadMany', key: string, cause: unknown): SourceError {
    const message = messageOf(cause)
    return new SourceError(`source: ${name} failed: ${message}`, { cause, address: { ...this.#ref, key } })
  }
}

type Loader<K> = (keys: K, signal: AbortSignal) => Promise<unknown>
