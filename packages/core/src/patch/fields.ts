import type { Json, JsonContainer, JsonObject } from '../model/json.ts'
import type { Operation } from '../model/operation.ts'
import { diffMembers, sameKind } from './diff-value.ts'
import { forEachChange } from './member-differences.ts'
import { PatchBuilder } from './patch-builder.ts'

/**
 * Change of one field (a top-level member of a document). `ops` is the JSON Patch from the old to the new value, with
 * paths relative to the field's value. It is present only if it has fewer bytes than the value, as JSON in UTF-8.
 */
export type FieldChange =
  | { readonly field: string; readonly kind: 'whole'; readonly value: Json; readonly ops?: readonly Operation[] }
  | { readonly field: string; readonly kind: 'removed' }

/**
 * Returns the fields in which two documents differ, in the form that stores and the wire format use. Equal fields are
 * omitted, and subtrees shared by reference cost nothing.
 */
export function diffFields(base: JsonObject, target: JsonObject): FieldChange[] {
  const changes: FieldChange[] = []
  forEachChange(base, target, (field, before, after) => {
    if (after === undefined) changes.push({ field, kind: 'removed' })
    else if (!sameKind(before, after)) changes.push({ field, kind: 'whole', value: after })
    else {
      const builder = new PatchBuilder()
      diffMembers(before, after as JsonContainer, '', builder, 0)
      const smaller = builder.isSmallerThan(after)
      changes.push({ field, kind: 'whole', value: after, ...(smaller && { ops: builder.operations }) })
    }
  })
  return changes
}
