import type { Change, Collection, Position, Sync } from '@sync/core'
import { apply, PatchError } from '@sync/core/patch'
import { canonical } from './canonical.ts'
import { type Document, documents, place } from './documents.ts'
import type { Copies, Copy } from './messages.ts'

/** What a replica is made of. */
export interface ReplicaOptions {
  readonly sync: Sync
  /** Everything up to here has been told. */
  readonly told: (position: Position) => void
  readonly wrong: (what: string) => void
}

const MOST_REMOVED = 1_000

interface Told {
  readonly version: number
  readonly document: Document
}

type Changed = Change<Document> & { readonly kind: 'changed' | 'delta' }

/** Holds everything, and follows along: what its stream tells adds up to another copy, which must be the same. */
export class Replica {
  readonly #options: ReplicaOptions
  readonly #collection: Collection<Document>
  readonly #told = new Map<string, Told>()
  /** The last that were removed: they must not be held any more. */
  readonly #removed: string[] = []
  readonly #stop = new AbortController()
  readonly #following: Promise<void>

  constructor(options: ReplicaOptions) {
    this.#options = options
    this.#collection = options.sync.collection(documents, place)
    this.#following = this.#follow()
  }

  async copies(): Promise<{ readonly held: Copies; readonly told: Copies }> {
    const held: [string, Copy][] = []
    const told = [...this.#told].map(([key, { version, document }]) => [key, [version, canonical(document)]] as const)
    for (const key of new Set([...this.#told.keys(), ...this.#removed])) {
      const entry = await this.#collection.entry(key)
      if (entry) held.push([key, [entry.version, canonical(entry.value)]])
    }
    return { held: Object.fromEntries(held), told: Object.fromEntries(told) }
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#following
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop
    for await (const batch of this.#collection.changes({ from: 'snapshot', signal })) {
      for (const change of batch) this.#take(change)
      const last = batch.at(-1)
      if (last) this.#options.told(last.position)
    }
  }

  #take(change: Change<Document>): void {
    const { key, kind, version } = change
    const before = this.#told.get(key)
    if (kind === 'removed') {
      this.#told.delete(key)
      if (this.#removed.push(key) > MOST_REMOVED) this.#removed.shift()
    } else if (kind === 'reset') this.#told.set(key, { version, document: change.value })
    else if (kind === 'created') {
      if (before) this.#options.wrong(`${key}: created at ${version}, though it was told at ${before.version}`)
      this.#told.set(key, { version, document: change.value })
    } else this.#told.set(key, { version, document: this.#changed(change, before) })
  }

  /** A change goes on from what was told last, and from nothing else: none twice, none left out, none out of order. */
  #changed(change: Changed, before: Told | undefined): Document {
    const { key, version, patch } = change
    const document = before && version > before.version ? patched(before.document, patch) : undefined
    const value = change.kind === 'changed' ? change.value : document
    if (document && canonical(document) === canonical(value ?? {})) return document
    const last = before ? `${before.version}: ${canonical(before.document)}` : 'nothing'
    this.#options.wrong(`${key}: ${change.kind} to ${version} by ${JSON.stringify(patch)} was told after ${last}`)
    return value ?? {}
  }
}

/** `undefined`: it does not fit. */
function patched(document: Document, patch: Changed['patch']): Document | undefined {
  try {
    return apply(document, patch) as Document
  } catch (error) {
    if (error instanceof PatchError) return undefined
    throw error
  }
}
