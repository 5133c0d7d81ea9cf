import { isJsonArray, isJsonContainer, type Json, type JsonObject } from './json.ts'

/*
 * The members of every object that this library returns are in canonical order: array indices ascending, as JavaScript
 * enumerates them anyway, then the other names by UTF-16 code units. So equal documents have equal JSON text on every
 * instance, regardless of the store's order and of the deltas that led to the value.
 */

/** Name that JavaScript enumerates as an array index if it is below 2 ** 32 - 1. */
const INDEX = /^(?:0|[1-9]\d{0,9})$/
const MAX_INDEX = 2 ** 32 - 2

const isArrayIndex = (name: string): boolean => INDEX.test(name) && Number(name) <= MAX_INDEX

/** True if names, as JavaScript enumerates them, are in canonical order. */
export function isCanonicalOrder(names: readonly string[]): boolean {
  let unitBefore = 0
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    const unit = name.charCodeAt(0)
    // The first units decide most comparisons, and comparing two numbers is several times as fast.
    if (i > 0 && !(unit > unitBefore) && (names[i - 1] as string) > name) return isCanonicalAfterIndices(names)
    unitBefore = unit
  }
  return true
}

/** Compares the names behind the array indices, which are in numeric order. */
function isCanonicalAfterIndices(names: readonly string[]): boolean {
  let first = 0
  while (first < names.length && isArrayIndex(names[first] as string)) first++
  for (let i = first + 1; i < names.length; i++) {
    if ((names[i - 1] as string) > (names[i] as string)) return false
  }
  return true
}

/** Returns the object with its members in canonical order: the same object if they already are, otherwise a copy. */
export function inCanonicalOrder<T extends JsonObject | Record<string, unknown>>(object: T): T {
  const names = Object.keys(object)
  return isCanonicalOrder(names) ? object : copyInOrder(object, names)
}

/** Returns a copy whose members are in canonical order. `names` are the object's names, and are sorted in place. */
export function copyInOrder<T extends JsonObject | Record<string, unknown>>(object: T, names: string[]): T {
  const copy: Record<string, unknown> = {}
  // the default order of `sort` is that of UTF-16 code units
  for (const name of names.sort())
    Object.defineProperty(copy, name, { value: object[name], writable: true, enumerable: true, configurable: true })
  // Spread restores V8's compact layout, which an object loses when it gains many members one by one.
  return { ...copy } as T
}

/** Freezes parsed JSON deeply, with its members in canonical order. Returns a copy of objects in any other order. */
export function freezeInOrder(value: Json): Json {
  if (!isJsonContainer(value)) return value
  if (isJsonArray(value)) {
    const elements = value as Json[]
    for (let i = 0; i < elements.length; i++) {
      const element = elements[i] as Json
      if (typeof element === 'object' && element !== null) elements[i] = freezeInOrder(element)
    }
    return Object.freeze(elements)
  }
  let names = Object.keys(value)
  let object = value as Record<string, Json>
  if (!isCanonicalOrder(names)) {
    object = copyInOrder(object, names)
    names = Object.keys(object)
  }
  const members = Object.values(object)
  for (let i = 0; i < members.length; i++) {
    const member = members[i] as Json
    if (typeof member !== 'object' || member === null) continue
    const frozen = freezeInOrder(member)
    if (frozen !== member) object[names[i] as string] = frozen
  }
  return Object.freeze(object)
}
