import type { Json, JsonObject } from '../model/json.ts'

/*
 * V8 stores an object compactly until a member is deleted, or members are added by assignment under computed names.
 * Then it converts the object to a hash table, which takes twice the memory. Documents are many and long-lived, so this
 * file adds and removes members in other ways.
 */

/** Maximum number of members to omit one by one. Beyond it, one slow copy is cheaper than many fast ones. */
const MAX_REST_COPIES = 7

/** Adds a member that does not exist yet. */
export function addMember(object: Record<string, Json>, name: string, value: Json): void {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
}

/** Returns a copy without the named members. */
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
