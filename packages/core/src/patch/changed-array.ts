import { isJsonArray, isJsonContainer, type Json, jsonEqual } from '../model/json.ts'
import type { Operation } from '../model/operation.ts'
import { formatPointer, parseIndex, parsePointer } from './pointer.ts'

/**
 * Returns the pointer of the first array on an operation's path that differs between the documents, `undefined` if none
 * does. An index is not an identity: on a changed array the operations may address other elements than intended.
 *
 * @throws PatchError (`SYNC_PATCH`) if a path is not a JSON pointer
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
