import { isJsonObject, type Json } from '../model/json.ts'
import { escapeToken } from '../model/json-pointer.ts'
import type { Operation } from '../model/operation.ts'
import { diffValue } from './diff-value.ts'
import { forEachChange } from './member-differences.ts'
import { PatchBuilder } from './patch-builder.ts'

/**
 * The JSON Patch (RFC 6902) that turns `base` into `wanted`: `apply(base, diff(base, wanted))` equals `wanted`.
 *
 * Top-level members are fields: operations come field by field, none touches two of them, and those of one field take
 * no more bytes than replacing it. Elements of arrays are aligned, so that an element put in at the head of a list is
 * one operation. Subtrees that both share by reference cost nothing; take values that went through `toJson`.
 */
export function diff(base: Json, target: Json): Operation[] {
  const builder = new PatchBuilder()
  // A document is never replaced as a whole, whatever the size: its fields have versions of their own.
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
