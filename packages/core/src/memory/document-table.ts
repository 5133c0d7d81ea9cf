import type { CurrentVersions, StoredDocument } from '../transport/store.ts'
import type { UndoLog } from './undo-log.ts'

/** One document as it is held: field texts are opaque. `fields` is a map, so that no name can do harm. */
export interface MemoryDocument {
  readonly generation: number
  version: number
  readonly fields: Map<string, MemoryField>
  /** The version of every absent field. */
  floor: number
  changedAt: number
  /** When it expires, by the store's clock; `Infinity`: never. */
  expiresAt: number
}

/** One present field. */
interface MemoryField {
  readonly text: string
  readonly version: number
}

/** How many documents each commit looks at for expired ones: more than it can add, so that they cannot pile up. */
const SWEPT_PER_COMMIT = 2

/** The documents of a section. One that has expired is absent to every question, whether it is still held or not. */
export class DocumentTable {
  readonly #byKey = new Map<string, MemoryDocument>()
  readonly #undoLog: UndoLog
  #sweeper: MapIterator<[string, MemoryDocument]> | undefined

  constructor(undoLog: UndoLog) {
    this.#undoLog = undoLog
  }

  /** How many are held: the living, and the expired that were not freed yet. */
  get heldCount(): number {
    return this.#byKey.size
  }

  /** The living document. */
  get(key: string, now: number): MemoryDocument | undefined {
    const document = this.#byKey.get(key)
    return document && now < document.expiresAt ? document : undefined
  }

  /** What may be changed in place and then handed to `put`: a copy, where the old state may be asked back. */
  editableCopy(document: MemoryDocument): MemoryDocument {
    return this.#undoLog.isEnabled ? { ...document, fields: new Map(document.fields) } : document
  }

  put(key: string, document: MemoryDocument): void {
    this.#recordUndo(key)
    this.#byKey.set(key, document)
    if (document.expiresAt < Number.POSITIVE_INFINITY) this.#sweeper ??= this.#byKey.entries()
  }

  remove(key: string): void {
    this.#recordUndo(key)
    this.#byKey.delete(key)
  }

  /** The living documents, by key. */
  *live(now: number): Generator<[string, MemoryDocument], undefined> {
    for (const entry of this.#byKey) if (now < entry[1].expiresAt) yield entry
  }

  /** Frees a few expired documents, where there can be any. Needs no note: they are absent with or without it. */
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
      if (before) this.#byKey.set(key, before)
      else this.#byKey.delete(key)
    })
  }
}

/** The versions that answers tell; of an absent document too. */
export const versionsOf = (document: MemoryDocument | undefined): CurrentVersions =>
  document ? { generation: document.generation, version: document.version } : { generation: 0, version: 0 }

/** The version that a field is at, present or not. In an absent document no field was ever set. */
export const fieldVersion = (document: MemoryDocument | undefined, field: string): number =>
  document?.fields.get(field)?.version ?? document?.floor ?? 0

/** A document as the store answers it. */
export function toStored(document: MemoryDocument, now: number): StoredDocument {
  const { generation, version, floor, changedAt, expiresAt } = document
  const members: string[] = []
  // without a prototype, else a field of that name would set it
  const fieldVersions: Record<string, number> = Object.create(null)
  for (const [name, field] of document.fields) {
    members.push(`${JSON.stringify(name)}:${field.text}`)
    fieldVersions[name] = field.version
  }
  const stored = { generation, version, text: `{${members.join(',')}}`, fieldVersions, floor, changedAt }
  return expiresAt < Number.POSITIVE_INFINITY ? { ...stored, expiresIn: expiresAt - now } : stored
}
