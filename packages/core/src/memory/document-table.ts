import type { CurrentVersions, StoredDocument } from '../transport/store.ts'
import { KeyIndex } from './key-index.ts'
import type { UndoLog } from './undo-log.ts'

/** One stored document. Field texts are opaque. `fields` is a map, so that no field name is special. */
export interface MemoryDocument {
  readonly generation: number
  version: number
  readonly fields: Map<string, MemoryField>
  /** Version of every absent field. */
  floor: number
  changedAt: number
  /** Expiry time on the store's clock; `Infinity`: never. */
  expiresAt: number
}

/** One present field. */
interface MemoryField {
  readonly text: string
  readonly version: number
}

/**
 * Number of documents that each commit checks for expiry. It exceeds what a commit adds, so that expired documents
 * cannot accumulate.
 */
const SWEPT_PER_COMMIT = 2

/** Documents of a section. An expired document counts as absent, even while it is still in memory. */
export class DocumentTable {
  readonly #byKey = new Map<string, MemoryDocument>()
  readonly #keyIndex = new KeyIndex()
  readonly #undoLog: UndoLog
  #sweeper: MapIterator<[string, MemoryDocument]> | undefined

  constructor(undoLog: UndoLog) {
    this.#undoLog = undoLog
  }

  /** Number of documents in memory: existing ones, and expired ones that are not freed yet. */
  get heldCount(): number {
    return this.#byKey.size
  }

  /** Returns a document, unless it is absent or expired. */
  get(key: string, now: number): MemoryDocument | undefined {
    const document = this.#byKey.get(key)
    return document && now < document.expiresAt ? document : undefined
  }

  /** Returns a document that may be modified and passed to `put`: a copy if the undo log may restore the old state. */
  editableCopy(document: MemoryDocument): MemoryDocument {
    return this.#undoLog.isEnabled ? { ...document, fields: new Map(document.fields) } : document
  }

  put(key: string, document: MemoryDocument): void {
    this.#recordUndo(key)
    const created = !this.#byKey.has(key)
    this.#byKey.set(key, document)
    if (created) this.#keyIndex.onCreated(key, this.#byKey.size)
    if (document.expiresAt < Number.POSITIVE_INFINITY) this.#sweeper ??= this.#byKey.entries()
  }

  remove(key: string): void {
    this.#recordUndo(key)
    this.#byKey.delete(key)
  }

  /** Yields the existing documents by key. */
  *live(now: number): Generator<[string, MemoryDocument], undefined> {
    for (const entry of this.#byKey) if (now < entry[1].expiresAt) yield entry
  }

  /** Yields the keys of the existing documents after `after` that begin with `prefix`, in code-point order. */
  *keysAfter(after: string | undefined, prefix: string, now: number): Generator<string, undefined> {
    for (const key of this.#keyIndex.after(after, prefix, this.#byKey)) if (this.get(key, now)) yield key
  }

  /** Frees a few expired documents. Needs no undo record, because they count as absent anyway. */
  sweep(now: number): void {
    for (let i = 0; this.#sweeper && i < SWEPT_PER_COMMIT; i++) {
      const { done, value } = this.#sweeper.next()
      if (done) this.#sweeper = this.#byKey.entries()
      else if (value[1].expiresAt <= now) this.#byKey.delete(value[0])
    }
  }

  #recordUndo(key: string): void {
    if (!this.#undoLog.isEnabled) return
    const before = this.#byKey.get(key)
    this.#undoLog.record(() => {
      this.#keyIndex.clear()
      if (before) this.#byKey.set(key, before)
      else this.#byKey.delete(key)
    })
  }
}

/** Returns the versions for an answer, also for an absent document. */
export const versionsOf = (document: MemoryDocument | undefined): CurrentVersions =>
  document ? { generation: document.generation, version: document.version } : { generation: 0, version: 0 }

/** Returns a field's version, whether or not it is present. A field of an absent document has version 0. */
export const fieldVersion = (document: MemoryDocument | undefined, field: string): number =>
  document?.fields.get(field)?.version ?? document?.floor ?? 0

/** Converts a document to the form that the store returns. */
export function toStored(document: MemoryDocument, now: number): StoredDocument {
  const { generation, version, floor, changedAt, expiresAt } = document
  const members: string[] = []
  // No prototype, because a field named `__proto__` would set it.
  const fieldVersions: Record<string, number> = Object.create(null)
  for (const [name, field] of document.fields) {
    members.push(`${JSON.stringify(name)}:${field.text}`)
    fieldVersions[name] = field.version
  }
  const stored = { generation, version, text: `{${members.join(',')}}`, fieldVersions, floor, changedAt }
  return expiresAt < Number.POSITIVE_INFINITY ? { ...stored, expiresIn: expiresAt - now } : stored
}
