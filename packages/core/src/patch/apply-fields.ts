import { PatchError } from '../model/errors.ts'
import { type Json, type JsonObject, memberOf } from '../model/json.ts'
import { escapeToken, isForbiddenName } from '../model/json-pointer.ts'
import type { Operation } from '../model/operation.ts'
import { toJson } from '../model/to-json.ts'
import { applyOperation } from './apply-operation.ts'
import { CopyOnWrite } from './copy-on-write.ts'
import { addMember, omitMembers } from './object-shape.ts'

/** What becomes of one field: a new value, a patch of the one it has (paths relative to that value), or nothing. */
export type FieldPatch =
  | { readonly field: string; readonly kind: 'whole'; readonly value: Json }
  | { readonly field: string; readonly kind: 'delta'; readonly ops: readonly Operation[] }
  | { readonly field: string; readonly kind: 'removed' }

/**
 * Applies what happened to single fields, all of it or none of it. Returns the new document, its new parts frozen; the
 * one given stays as it is, and what is unchanged is the same object in both. To remove a field that is absent is no
 * error: what is stated is there.
 *
 * @throws PatchError (`SYNC_PATCH`) if a delta does not apply; its path begins with the field
 * @throws NotJsonError (`SYNC_NOT_JSON`) if a value is not JSON
 */
export function applyFields(document: JsonObject, patches: readonly FieldPatch[]): JsonObject {
  if (patches.length === 0) return document
  const values = fieldValues(document, patches)
  return Object.freeze(putFields({ ...document }, patches, values))
}

/**
 * What each patch makes of its field; `undefined`: nothing. Whatever can fail fails here, before anything is changed.
 * @throws PatchError, NotJsonError as `applyFields`
 */
export function fieldValues(document: JsonObject, patches: readonly FieldPatch[]): (Json | undefined)[] {
  const values: (Json | undefined)[] = []
  for (let i = 0; i < patches.length; i++) {
    const patch = patches[i] as FieldPatch
    const { field, kind } = patch
    if (isForbiddenName(field)) throw new PatchError('forbidden-name', i, at(field), `${field} is off limits`)
    if (kind === 'removed') values.push(undefined)
    else if (kind === 'whole') values.push(whole(patch.value, field))
    else values.push(applyDelta(currentValue(document, patches, values), patch.ops, i, at(field)))
  }
  return values
}

/** The value that the next patch finds in its field: what an earlier one made of it counts. */
function currentValue(
  document: JsonObject,
  patches: readonly FieldPatch[],
  values: readonly (Json | undefined)[],
): Json | undefined {
  const { field } = patches[values.length] as FieldPatch
  for (let i = values.length - 1; i >= 0; i--) if (patches[i]?.field === field) return values[i]
  return memberOf(document, field)
}

/** Puts these values in place, in the very object that is given. Returns it, or a copy if fields were removed. */
export function putFields(
  document: Record<string, Json>,
  patches: readonly FieldPatch[],
  values: readonly (Json | undefined)[],
): Record<string, Json> {
  let removed: Set<string> | undefined
  for (let i = 0; i < patches.length; i++) {
    const { field } = patches[i] as FieldPatch
    const value = values[i]
    const present = Object.hasOwn(document, field)
    if (value === undefined) {
      if (!present) continue
      removed ??= new Set()
      removed.add(field)
    } else if (present) {
      removed?.delete(field)
      document[field] = value
    } else addMember(document, field, value)
  }
  return removed?.size ? omitMembers(document, [...removed]) : document
}

const at = (field: string): string => `/${escapeToken(field)}`

/** Most fields are texts and numbers: there is nothing about them to be checked, copied or frozen. */
function whole(value: Json, field: string): Json {
  if (typeof value === 'string' || (typeof value === 'number' && value !== 0 && Number.isFinite(value))) return value
  return toJson(value, { at: at(field) })
}

function applyDelta(value: Json | undefined, ops: readonly Operation[], index: number, at: string): Json {
  if (value === undefined) throw new PatchError('missing', index, at, 'there is no such field')
  const patched = new CopyOnWrite(value)
  for (let i = 0; i < ops.length; i++) applyOperation(patched, ops[i] as Operation, i, at)
  return patched.finish()
}
