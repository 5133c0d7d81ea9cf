import { PatchError } from '../model/errors.ts'
import type { Json, JsonObject } from '../model/json.ts'
import { escapeToken, isForbiddenName } from '../model/json-pointer.ts'
import type { Operation } from '../model/operation.ts'
import { toJson } from '../model/to-json.ts'
import { CopyOnWrite } from './copy-on-write.ts'
import { addMember, without } from './members.ts'
import { perform } from './perform.ts'

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
  const fields: Record<string, Json> = { ...document }
  let removed: Set<string> | undefined
  for (let i = 0; i < patches.length; i++) {
    const patch = patches[i] as FieldPatch
    const { field } = patch
    if (isForbiddenName(field)) throw new PatchError('forbidden-name', i, at(field), `${field} is off limits`)
    const present = Object.hasOwn(fields, field)
    if (patch.kind === 'removed') {
      if (present) {
        removed ??= new Set()
        removed.add(field)
      }
    } else {
      const before = present && !removed?.delete(field) ? fields[field] : undefined
      const value = patch.kind === 'whole' ? whole(patch.value, field) : applyDelta(before, patch.ops, i, at(field))
      if (present) fields[field] = value
      else addMember(fields, field, value)
    }
  }
  return Object.freeze(removed?.size ? without(fields, [...removed]) : fields)
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
  for (let i = 0; i < ops.length; i++) perform(patched, ops[i] as Operation, i, at)
  return patched.finish()
}
