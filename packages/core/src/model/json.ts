/** Any JSON value. Values returned by this library are deeply frozen. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject

/** A JSON object. Every document is one. */
export type JsonObject = { readonly [key: string]: Json }

/** A JSON array or object. */
export type JsonContainer = readonly Json[] | JsonObject

/** Whether a JSON value is an array or an object. */
export function isJsonContainer(value: Json | undefined): value is JsonContainer {
  return typeof value === 'object' && value !== null
}

/** Whether a JSON value is an object: not null, not an array. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether a JSON value is an array. `Array.isArray` alone does not narrow readonly arrays. */
export function isJsonArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

/**
 * Freezes a JSON value deeply, in place, and returns it.
 *
 * A frozen container is assumed to be deeply frozen, so that freezing a new revision of a document costs only its new
 * parts.
 */
export function deepFreeze<T extends Json>(value: T): T {
  if (isJsonContainer(value) && !Object.isFrozen(value)) {
    const members = isJsonArray(value) ? value : Object.values(value)
    for (let i = 0; i < members.length; i++) {
      const member = members[i]
      if (typeof member === 'object' && member !== null) deepFreeze(member)
    }
    Object.freeze(value)
  }
  return value
}

/**
 * Whether two JSON values are equal. The order of object members is ignored; the order of array elements is
 * significant. `-0` equals `0`, because JSON text does not distinguish them (`JSON.stringify(-0)` is `"0"`).
 */
export function jsonEqual(a: Json, b: Json): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (isJsonArray(a)) return isJsonArray(b) && arraysEqual(a, b)
  return !isJsonArray(b) && objectsEqual(a, b)
}

function arraysEqual(a: readonly Json[], b: readonly Json[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) {
    if (!jsonEqual(a[i] as Json, b[i] as Json)) return false
  }
  return true
}

function objectsEqual(a: JsonObject, b: JsonObject): boolean {
  const names = Object.keys(b)
  const members = Object.values(b)
  let at = 0
  // Members are usually in the same order. In that case this loop avoids a lookup by name for each member.
  for (const name in a) {
    if (name !== names[at]) return equalByName(a, b)
    if (!jsonEqual(a[name] as Json, members[at++] as Json)) return false
  }
  return at === names.length
}

function equalByName(a: JsonObject, b: JsonObject): boolean {
  const names = Object.keys(a)
  if (Object.keys(b).length !== names.length) return false
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    if (!Object.hasOwn(b, name) || !jsonEqual(a[name] as Json, b[name] as Json)) return false
  }
  return true
}

/** Returns an object's own member. Inherited properties such as `toString` are ignored. */
export const memberOf = (object: JsonObject | undefined, name: string): Json | undefined =>
  object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined
