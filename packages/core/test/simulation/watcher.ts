import type { Change, Collection, Position } from '@sync/core'
import { diff, type Json, type Operation } from '@sync/core/patch'
import type { VirtualRuntime } from '@sync/core/testing'
import jsonpatch from 'fast-json-patch'

/** How a watcher follows. */
export interface Manner {
  readonly combine: boolean
  /** Only this document. */
  readonly key?: string
  /** Waits this long, in ms of the cluster, before it takes the next batch. */
  readonly pause: number
}

/** Follows a collection by its changes alone, with somebody else's patch engine, and notes what does not fit. */
export class Watcher<T> {
  readonly documents: Map<string, unknown> = new Map()
  readonly #name: string
  readonly #collection: Collection<T>
  readonly #manner: Manner
  readonly #clock: VirtualRuntime
  readonly #wrong: string[]
  #position: Position | undefined
  #stop = new AbortController()
  #over: Promise<void>

  constructor(name: string, collection: Collection<T>, manner: Manner, clock: VirtualRuntime, wrong: string[]) {
    this.#name = name
    this.#collection = collection
    this.#manner = manner
    this.#clock = clock
    this.#wrong = wrong
    this.#over = this.#follow()
  }

  /** Ends, as a process does, and goes on where it was. */
  async restart(): Promise<void> {
    this.stop()
    await this.#over
    this.#stop = new AbortController()
    this.#over = this.#follow()
  }

  stop(): void {
    this.#stop.abort()
  }

  async #follow(): Promise<void> {
    const { combine, key, pause } = this.#manner
    const from = this.#position === undefined ? 'snapshot' : { after: this.#position }
    const options = { combine, from, signal: this.#stop.signal, ...(key !== undefined && { key }) } as const
    try {
      for await (const batch of this.#collection.changes(options)) {
        for (const change of batch) this.#take(change)
        this.#position = batch.at(-1)?.position
        if (pause > 0) await new Promise<void>((resolve) => this.#clock.schedule(resolve, pause))
      }
    } catch (error) {
      this.#wrong.push(`${this.#name} ended with ${String(error)}`)
    }
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
