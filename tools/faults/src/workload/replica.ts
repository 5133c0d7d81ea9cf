import type { Change, Collection, Position, SyncInstance } from '@sync/core'
import { apply, PatchError } from '@sync/core/patch'
import { canonical } from './canonical.ts'
import { type Document, documents, section } from './documents.ts'
import type { Copies, Copy } from './messages.ts'

/** Collaborators of a replica. */
export interface ReplicaOptions {
  readonly sync: SyncInstance
  /** Called when the stream has delivered everything up to a position. */
  readonly onDelivered: (position: Position) => void
  readonly reportProblem: (text: string) => void
}

const MAX_REMOVED = 1_000

interface DeliveredDocument {
  readonly version: number
  readonly document: Document
}

type Changed = Change<Document> & { readonly kind: 'changed' | 'delta' }

/**
 * Replicates the whole collection and builds a second copy from its change stream. Reports each change that does not follow from
 * the previous one. At the end both copies must be equal to the store.
 */
export class Replica {
  readonly #options: ReplicaOptions
  readonly #collection: Collection<Document>
  readonly #delivered = new Map<string, DeliveredDocument>()
  /** Keys removed most recently, which must no longer be cached. */
  readonly #removed: string[] = []
  readonly #stop = new AbortController()
  readonly #following: Promise<void>

  constructor(options: ReplicaOptions) {
    this.#options = options
    this.#collection = options.sync.collection(documents, section)
    this.#following = this.#follow()
  }

  async copies(): Promise<{ readonly cached: Copies; readonly delivered: Copies }> {
    const cached: [string, Copy][] = []
    const delivered = [...this.#delivered].map(
      ([key, { version, document }]) => [key, [version, canonical(document)]] as const,
    )
    for (const key of new Set([...this.#delivered.keys(), ...this.#removed])) {
      const entry = await this.#collection.getEntry(key)
      if (entry) cached.push([key, [entry.version, canonical(entry.value)]])
    }
    return { cached: Object.fromEntries(cached), delivered: Object.fromEntries(delivered) }
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#following
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop
    for await (const batch of this.#collection.changes({ from: 'snapshot', signal })) {
      for (const change of batch) this.#apply(change)
      this.#options.onDelivered(batch.position)
    }
  }

  #apply(change: Change<Document>): void {
    const { key, kind, version } = change
    const before = this.#delivered.get(key)
    if (kind === 'removed') {
      this.#delivered.delete(key)
      if (this.#removed.push(key) > MAX_REMOVED) this.#removed.shift()
    } else if (kind === 'reset') this.#delivered.set(key, { version, document: change.value })
    else if (kind === 'created') {
      if (before)
        this.#options.reportProblem(`${key}: "created" at ${version}, but already delivered at ${before.version}`)
      this.#delivered.set(key, { version, document: change.value })
    } else this.#delivered.set(key, { version, document: this.#checkedDocument(change, before) })
  }

  /** Returns the document after a change. Reports a change that is repeated, missing or out of order. */
  #checkedDocument(change: Changed, before: DeliveredDocument | undefined): Document {
    const { key, version, patch } = change
    const document = before && version > before.version ? applyPatch(before.document, patch) : undefined
    const value = change.kind === 'changed' ? change.value : document
    if (document && canonical(document) === canonical(value ?? {})) return document
    const last = before ? `version ${before.version} ${canonical(before.document)}` : 'no document'
    this.#options.reportProblem(
      `${key}: "${change.kind}" to version ${version} by ${JSON.stringify(patch)} does not follow ${last}`,
    )
    return value ?? {}
  }
}

/** Applies a patch. Returns `undefined` if it does not apply. */
function applyPatch(document: Document, patch: Changed['patch']): Document | undefined {
  try {
    return apply(document, patch) as Document
  } catch (error) {
    if (error instanceof PatchError) return undefined
    throw error
  }
}
