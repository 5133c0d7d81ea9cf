import type { Json, JsonObject } from '../model/json.ts'

/*
 * V8 stores an object compactly until a member is deleted, or some are added by assignment under computed names; then it
 * makes a hash table of it, at twice the memory. Documents are many and live long, so both is done in other ways here.
 */

/** So many members are left out one by one; beyond that one slow copy is cheaper than many quick ones. */
const MAX_REST_COPIES = 7

/** Adds a member that is not there yet. */
export function addMember(object: Record<string, Json>, name: string, value: Json): void {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
}

/** A copy without these members. */
export function omitMembers(object: JsonObject, names: readonly string[]): Record<string, Json> {
  if (names.length > MAX_REST_COPIES) {
    const copy: Record<string, Json> = { ...object }
    for (const name of names) delete copy[name]
    return { ...copy }
  }
  let rest: Record<string, Json> = { ...object }
  for (const name of names) {
    const { [name]: _left, ...others } = rest
    rest = others
  }
  return rest
}
