import { PatchError } from '../model/errors.ts'
import { type Json, type JsonObject, memberOf } from '../model/json.ts'
import { escapeToken, isForbiddenName } from '../model/json-pointer.ts'
import { inCanonicalOrder } from '../model/member-order.ts'
import type { Operation } from '../model/operation.ts'
import { toJson } from '../model/to-json.ts'
import { applyOperation } from './apply-operation.ts'
import { CopyOnWrite } from './copy-on-write.ts'
import { addMember, omitMembers } from './object-shape.ts'

/** Edit of one field: a new value, a patch of the current value (paths relative to that value), or its removal. */
export type FieldPatch =
  | { readonly field: string; readonly kind: 'whole'; readonly value: Json }
  | { readonly field: string; readonly kind: 'delta'; readonly ops: readonly Operation[] }
  | { readonly field: string; readonly kind: 'removed' }

/**
 * Applies field edits, all or none. Returns the new document with its new parts frozen. The input stays unchanged, and
 * both share the unchanged parts. Removing an absent field succeeds.
 *
 * @throws PatchError (`SYNC_PATCH`) if a delta does not apply; its path begins with the field
 * @throws NotJsonError (`SYNC_NOT_JSON`) if a value is not JSON
 */
export function applyFields(document: JsonObject, patches: readonly FieldPatch[]): JsonObject {
  if (patches.length === 0) return document
  const values = fieldValues(document, patches)
  const { document: patched, isExtended } = putFields({ ...document }, patches, values)
  return Object.freeze(isExtended ? inCanonicalOrder(patched) : patched)
}

/**
 * Returns each patch's resulting field value, `undefined` for a removed field. Everything that can fail does so here,
 * before anything is changed.
 * @throws PatchError, NotJsonError as `applyFields`
 */
export function fieldValues(document: JsonObject, patches: readonly FieldPatch[]): (Json | undefined)[] {
  const values: (Json | undefined)[] = []
  for (let i = 0; i < patches.length; i++) {
    const patch = patches[i] as FieldPatch
    const { field, kind } = patch
    if (isForbiddenName(field)) throw new PatchError('forbidden-name', i, at(field), `the name ${field} is forbidden`)
    if (kind === 'removed') values.push(undefined)
    else if (kind === 'whole') values.push(whole(patch.value, field))
    else values.push(applyDelta(currentValue(document, patches, values), patch.ops, i, at(field)))
  }
  return values
}

/** Returns the field value that the next patch applies to, including the effect of earlier patches. */
function currentValue(
  document: JsonObject,
  patches: readonly FieldPatch[],
  values: readonly (Json | undefined)[],
): Json | undefined {
  const { field } = patches[values.length] as FieldPatch
  for (let i = values.length - 1; i >= 0; i--) if (patches[i]?.field === field) return values[i]
  return memberOf(document, field)
}

/**
 * Writes the values into the given object, new fields at its end. Returns it, or a copy if fields were removed. After an
 * addition (`isExtended`), the fields may be out of canonical order.
 */
export function putFields(
  document: Record<string, Json>,
  patches: readonly FieldPatch[],
  values: readonly (Json | undefined)[],
): { readonly document: Record<string, Json>; readonly isExtended: boolean } {
  let isExtended = false
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
    } else {
      addMember(document, field, value)
      isExtended = true
    }
  }
  return { document: removed?.size ? omitMembers(document, [...removed]) : document, isExtended }
}

const at = (field: string): string => `/${escapeToken(field)}`

/** Returns a field value as frozen JSON. Most values are strings or numbers, which need no check, copy or freeze. */
function whole(value: Json, field: string): Json {
  if (typeof value === 'string' || (typeof value === 'number' && value !== 0 && Number.isFinite(value))) return value
  return toJson(value, { at: at(field) })
}

function applyDelta(value: Json | undefined, ops: readonly Operation[], index: number, at: string): Json {
  if (value === undefined) throw new PatchError('missing', index, at, 'the field does not exist')
  const patched = new CopyOnWrite(value)
  for (let i = 0; i < ops.length; i++) applyOperation(patched, ops[i] as Operation, i, at)
  return patched.finish()
}
