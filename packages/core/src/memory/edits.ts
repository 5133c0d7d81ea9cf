import type { EditParts } from '../transport/encode.ts'
import type { CommitRequest, FieldWrite } from '../transport/store.ts'
import { fieldVersion, type MemoryDocument } from './document-table.ts'

/** What a write does to each field, with the version after it. Nothing at all: there is nothing to write. */
export function toEdits(request: CommitRequest, document: MemoryDocument | undefined): EditParts[] {
  const edits: EditParts[] = []
  for (const write of request.fields) {
    if (write.whole === undefined && !document?.fields.has(write.field)) continue
    edits.push(toEdit(write, request, document))
  }
  if (request.otherFields === 'keep' || !document) return edits
  const named = new Set(request.fields.map(({ field }) => field))
  for (const [field, { version }] of document.fields) {
    if (!named.has(field)) edits.push({ field, version: version + 1 })
  }
  return edits
}

function toEdit(write: FieldWrite, request: CommitRequest, document: MemoryDocument | undefined): EditParts {
  const { field, whole, delta } = write
  const version = fieldVersion(document, field) + 1
  if (whole === undefined) return { field, version }
  // the inner patch is right only on the value that it was taken from: this life, this version, and present
  const guarded = delta && request.expect?.generation === document?.generation
  if (guarded && delta.base === document?.fields.get(field)?.version) return { field, version, whole, delta: delta.ops }
  return { field, version, whole }
}

/** Carries the edits out. A removed field leaves its counter to the floor, so that no version of it comes twice. */
export function applyEdits(document: MemoryDocument, edits: readonly EditParts[]): void {
  for (const { field, version, whole } of edits) {
    if (whole !== undefined) document.fields.set(field, { text: whole, version })
    else if (document.fields.delete(field)) document.floor = Math.max(document.floor, version)
  }
}
