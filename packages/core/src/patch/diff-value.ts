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
import type { Script } from './script.ts'

/**
 * Deeper inside a field, values are compared but not taken apart. Every level of arrays looks at all below it again
 * when it aligns its elements; this keeps that a bounded factor.
 */
const DEEPEST = 48

/** Writes what turns `base`, at `path`, into `wanted`: never more bytes than replacing it. */
export function diffValue(base: Json, wanted: Json, path: string, script: Script, depth: number): void {
  if (base === wanted) return
  if (!sameKind(base, wanted)) script.replace(path, wanted)
  else if (depth > DEEPEST) {
    if (!jsonEqual(base, wanted)) script.replace(path, wanted)
  } else {
    const mark = script.length
    diffInside(base, wanted as JsonContainer, path, script, depth)
    script.preferWhole(mark, path, wanted)
  }
}

/** Whether both are objects, or both are arrays: only then can one become the other by parts. */
export function sameKind(base: Json | undefined, wanted: Json): base is JsonContainer {
  return isJsonContainer(base) && isJsonContainer(wanted) && isJsonArray(base) === isJsonArray(wanted)
}

/** Writes what turns the members of one container into those of another of the same kind. */
export function diffInside(
  base: JsonContainer,
  wanted: JsonContainer,
  path: string,
  script: Script,
  depth: number,
): void {
  if (isJsonArray(base)) diffElements(base, wanted as readonly Json[], path, script, depth)
  else {
    forEachDifference(base, wanted as JsonObject, (name, before, after) => {
      const at = `${path}/${escapeToken(name)}`
      if (after === undefined) script.remove(at)
      else if (before === undefined) script.add(at, after)
      else diffValue(before, after, at, script, depth + 1)
    })
  }
}

function diffElements(
  base: readonly Json[],
  wanted: readonly Json[],
  path: string,
  script: Script,
  depth: number,
): void {
  for (const step of arraySteps(base, wanted)) {
    const at = `${path}/${step.at}`
    switch (step.kind) {
      case 'add':
        script.add(at, step.value)
        break
      case 'remove':
        script.remove(at)
        break
      case 'move':
        script.move(`${path}/${step.from}`, at)
        break
      case 'change':
        diffValue(step.before, step.after, at, script, depth + 1)
    }
  }
}
