import { isJsonObject, type Json } from '../model/json.ts'
import { escapeToken } from '../model/json-pointer.ts'
import type { Operation } from '../model/operation.ts'
import { diffValue } from './diff-value.ts'
import { forEachChange } from './member-differences.ts'
import { PatchBuilder } from './patch-builder.ts'

/**
 * Returns the JSON Patch (RFC 6902) that turns `base` into `target`: `apply(base, diff(base, target))` equals `target`.
 *
 * Top-level members are fields: operations are grouped by field, none touches two fields, and those of one field have
 * no more bytes than its replacement. Array elements are aligned, so that an element inserted at the head of a list is
 * one operation. Subtrees shared by reference cost nothing. Both values must be results of `toJson`.
 */
export function diff(base: Json, target: Json): Operation[] {
  const builder = new PatchBuilder()
  // A document is never replaced as a whole, because each field has its own version.
  if (isJsonObject(base) && isJsonObject(target)) {
    forEachChange(base, target, (field, before, after) => {
      const path = `/${escapeToken(field)}`
      if (after === undefined) builder.remove(path)
      else if (before === undefined) builder.add(path, after)
      else diffValue(before, after, path, builder, 0)
    })
  } else diffValue(base, target, '', builder, 0)
  return builder.operations
}
