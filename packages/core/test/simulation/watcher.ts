import type { Change, Collection } from '@sync/core'
import { diff, type Json, type Operation } from '@sync/core/patch'
import jsonpatch from 'fast-json-patch'

/** Follows a collection by its changes alone, with somebody else's patch engine, and notes what does not fit. */
export class Watcher<T> {
  readonly documents: Map<string, unknown> = new Map()
  readonly #name: string
  readonly #wrong: string[]
  readonly #stop = new AbortController()

  constructor(name: string, wrong: string[]) {
    this.#name = name
    this.#wrong = wrong
  }

  /** Watches one document, or (without `key`) the section. */
  follow(collection: Collection<T>, combine: boolean, key?: string): void {
    const options = { combine, from: 'snapshot', signal: this.#stop.signal } as const
    const run = async (): Promise<void> => {
      for await (const batch of collection.changes(key === undefined ? options : { ...options, key })) {
        for (const change of batch) this.#take(change)
      }
    }
    run().catch((error: unknown) => this.#wrong.push(`${this.#name} ended with ${String(error)}`))
  }

  stop(): void {
    this.#stop.abort()
  }

  #take(change: Change<T>): void {
    const { key, kind } = change
    const before = this.documents.get(key)
    if (kind === 'removed') this.documents.delete(key)
    else if (kind === 'created' || kind === 'reset') this.documents.set(key, change.value)
    else if (before === undefined) this.#wrong.push(`${this.#name} got a ${kind} of ${key}, which it does not have`)
    else this.#patch(key, before, change.patch, kind === 'changed' ? change.value : undefined)
  }

  #patch(key: string, before: unknown, patch: readonly Operation[], expected: unknown): void {
    try {
      const copy = structuredClone(patch) as unknown as Parameters<typeof jsonpatch.applyPatch>[1]
      const after: unknown = jsonpatch.applyPatch(structuredClone(before), copy).newDocument
      this.documents.set(key, after)
      if (expected !== undefined) compare(after, expected, `${this.#name}: the patch of ${key}`, this.#wrong)
    } catch {
      this.#wrong.push(`${this.#name}: ${JSON.stringify(patch)} does not fit ${JSON.stringify(before)}`)
    }
  }
}

/** Notes a difference between two documents, either of which may be absent. */
export function compare(have: unknown, want: unknown, who: string, wrong: string[]): void {
  if (have === undefined && want === undefined) return
  if (have !== undefined && want !== undefined && diff(have as Json, want as Json).length === 0) return
  wrong.push(`${who} is ${JSON.stringify(have)}, not ${JSON.stringify(want)}`)
}
