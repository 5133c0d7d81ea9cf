import type { EditParts } from '../transport/encode.ts'
import type { CommitRequest, FieldWrite } from '../transport/store.ts'
import { fieldVersion, type MemoryDocument } from './document-table.ts'

/** Returns a write's field edits with the resulting versions; none if the write changes nothing. */
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
  // The delta is valid only on its base: same generation, same field version, field present.
  const isSameGeneration = delta && request.expect?.generation === document?.generation
  if (isSameGeneration && delta.base === document?.fields.get(field)?.version)
    return { field, version, whole, delta: delta.ops }
  return { field, version, whole }
}

/** Applies the edits. A removed field raises the floor, so that its versions are not reused. */
export function applyEdits(document: MemoryDocument, edits: readonly EditParts[]): void {
  for (const { field, version, whole } of edits) {
    if (whole !== undefined) document.fields.set(field, { text: whole, version })
    else if (document.fields.delete(field)) document.floor = Math.max(document.floor, version)
  }
}
