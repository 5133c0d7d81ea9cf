import type { Json, JsonContainer, JsonObject } from '../model/json.ts'
import type { Operation } from '../model/operation.ts'
import { diffMembers, sameKind } from './diff-value.ts'
import { forEachChange } from './member-differences.ts'
import { PatchBuilder } from './patch-builder.ts'

/**
 * What happened to one field (a top-level member of a document). `whole` tells its new value, and if that is smaller,
 * as JSON in UTF-8, `ops` too: the JSON Patch that makes it of the old one, paths relative to the field's value.
 */
export type FieldChange =
  | { readonly field: string; readonly kind: 'whole'; readonly value: Json; readonly ops?: readonly Operation[] }
  | { readonly field: string; readonly kind: 'removed' }

/**
 * The fields by which two documents differ, as a store and a wire want them. Fields that are equal are not named.
 * Subtrees that the two documents share by reference cost nothing.
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
