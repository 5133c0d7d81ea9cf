import {
  isJsonArray,
  isJsonContainer,
  type Json,
  type JsonContainer,
  type JsonObject,
  jsonEqual,
} from '../model/json.ts'
import { escapeToken } from '../model/json-pointer.ts'
import { arraySteps } from './array-steps.ts'
import { forEachDifference } from './member-differences.ts'
import type { PatchBuilder } from './patch-builder.ts'

/**
 * Beyond this depth inside a field, values are compared but not diffed by parts. Each level of arrays inspects all
 * levels below it when it aligns its elements; the limit keeps that a bounded factor.
 */
const MAX_DIFF_DEPTH = 48

/** Writes the operations that turn `base` at `path` into `target`. They never have more bytes than a replacement. */
export function diffValue(base: Json, target: Json, path: string, builder: PatchBuilder, depth: number): void {
  if (base === target) return
  if (!sameKind(base, target)) builder.replace(path, target)
  else if (depth > MAX_DIFF_DEPTH) {
    if (!jsonEqual(base, target)) builder.replace(path, target)
  } else {
    const mark = builder.length
    diffMembers(base, target as JsonContainer, path, builder, depth)
    builder.replaceIfSmaller(mark, path, target)
  }
}

/** Whether both are objects or both are arrays. Only then can one be turned into the other by parts. */
export function sameKind(base: Json | undefined, target: Json): base is JsonContainer {
  return isJsonContainer(base) && isJsonContainer(target) && isJsonArray(base) === isJsonArray(target)
}

/** Writes the operations that turn one container's members into those of another of the same kind. */
export function diffMembers(
  base: JsonContainer,
  target: JsonContainer,
  path: string,
  builder: PatchBuilder,
  depth: number,
): void {
  if (isJsonArray(base)) diffElements(base, target as readonly Json[], path, builder, depth)
  else {
    forEachDifference(base, target as JsonObject, (name, before, after) => {
      const at = `${path}/${escapeToken(name)}`
      if (after === undefined) builder.remove(at)
      else if (before === undefined) builder.add(at, after)
      else diffValue(before, after, at, builder, depth + 1)
    })
  }
}

function diffElements(
  base: readonly Json[],
  target: readonly Json[],
  path: string,
  builder: PatchBuilder,
  depth: number,
): void {
  for (const step of arraySteps(base, target)) {
    const pointer = `${path}/${step.at}`
    switch (step.kind) {
      case 'add':
        builder.add(pointer, step.value)
        break
      case 'remove':
        builder.remove(pointer)
        break
      case 'move':
        builder.move(`${path}/${step.from}`, pointer)
        break
      case 'change':
        diffValue(step.before, step.after, pointer, builder, depth + 1)
    }
  }
}
