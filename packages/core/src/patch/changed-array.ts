import { isJsonArray, isJsonContainer, type Json, jsonEqual } from '../model/json.ts'
import type { Operation } from '../model/operation.ts'
import { formatPointer, parseIndex, parsePointer } from './pointer.ts'

/**
 * The pointer of the first array on a path of these operations that is not the same in both documents; `undefined`: there
 * is none. An index is not an identity: on such an array the operations may mean other elements than they were made for.
 *
 * @throws PatchError (`SYNC_PATCH`) for a pointer that is none
 */
export function findChangedArray(operations: readonly Operation[], before: Json, after: Json): string | undefined {
  for (const [index, { path, from }] of operations.entries()) {
    for (const pointer of from === undefined ? [path] : [path, from]) {
      const changed = changedArrayOnPath(parsePointer(pointer, index), before, after)
      if (changed !== undefined) return changed
    }
  }
  return undefined
}

function changedArrayOnPath(
  tokens: readonly string[],
  before: Json | undefined,
  after: Json | undefined,
): string | undefined {
  let [beforeValue, afterValue] = [before, after]
  for (let depth = 0; depth < tokens.length; depth++) {
    if (beforeValue === afterValue) return undefined
    const array = isJsonArray(beforeValue) || isJsonArray(afterValue)
    if (array && (beforeValue === undefined || afterValue === undefined || !jsonEqual(beforeValue, afterValue))) {
      return formatPointer(tokens.slice(0, depth))
    }
    beforeValue = childOf(beforeValue, tokens[depth] as string)
    afterValue = childOf(afterValue, tokens[depth] as string)
  }
  return undefined
}

function childOf(value: Json | undefined, token: string): Json | undefined {
  if (!isJsonContainer(value)) return undefined
  if (!isJsonArray(value)) return Object.hasOwn(value, token) ? value[token] : undefined
  const index = parseIndex(token)
  return index === undefined ? undefined : value[index]
}
