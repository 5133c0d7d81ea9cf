import { NotJsonError } from './errors.ts'
import { isJsonArray, isJsonObject, type Json, type JsonObject } from './json.ts'
import { escapeToken, isForbiddenName } from './json-pointer.ts'
import { copyInOrder, isCanonicalOrder } from './member-order.ts'

/** Maximum nesting depth of arrays and objects. Deeper values could overflow the stack of code that walks them. */
export const MAX_DEPTH = 256

/** Options of {@link toJson}. */
export interface ToJsonOptions {
  /** JSON pointer of the value itself, prepended to the paths in errors. @default '' */
  readonly at?: string
  /** An earlier result. Parts of it that occur again at the same path are reused without inspection. */
  readonly known?: Json
}

/** Path from the root to the current value. Used for error paths and cycle detection. */
interface Trail {
  readonly up: Trail | undefined
  readonly container: object
  readonly depth: number
  readonly root: string
  key: string | number
}

/**
 * Converts a value to deeply frozen JSON that shares nothing mutable with the caller's objects, which stay unchanged.
 * Parts that are already frozen JSON keep their identity; other parts are copied. `-0` becomes `0`. The members of each
 * object are in canonical order: array indices ascending, then the other names by UTF-16 code units.
 *
 * Rejects everything that `JSON.stringify` would silently drop or change:
 * - `undefined` (also as a member's value), NaN, infinities, bigints, symbols and functions
 * - instances of classes (Date, Map, …)
 * - cycles
 *
 * It also rejects nesting deeper than {@link MAX_DEPTH} and, at any depth, members named `__proto__`, `constructor` or
 * `prototype`, or whose name begins with a backslash.
 *
 * @throws NotJsonError (`SYNC_NOT_JSON`) with the JSON pointer of the rejected value
 */
export function toJson(value: unknown, { at = '', known }: ToJsonOptions = {}): Json {
  return normalize(value, known, undefined, at)
}

function normalize(value: unknown, known: Json | undefined, trail: Trail | undefined, root: string): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      if (!Number.isFinite(value)) return reject(trail, root, String(value))
      return value === 0 ? 0 : value
    case 'object':
      if (value === null) return null
      if (value === known) return known
      return Array.isArray(value)
        ? normalizeArray(value, known, descend(value, trail, root))
        : normalizeObject(value, known, descend(value, trail, root))
    default:
      return reject(trail, root, typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`)
  }
}

function normalizeArray(value: readonly unknown[], known: Json | undefined, trail: Trail): readonly Json[] {
  const old = isJsonArray(known) ? known : undefined
  let copy = Object.isFrozen(value) ? undefined : [...value]
  const elements = copy ?? value
  for (let i = 0; i < elements.length; i++) {
    trail.key = i
    const normal = normalize(elements[i], old?.[i], trail, trail.root)
    if (Object.is(normal, elements[i])) continue
    copy ??= [...value]
    copy[i] = normal
  }
  return (copy === undefined ? value : Object.freeze(copy)) as readonly Json[]
}

function normalizeObject(value: object, known: Json | undefined, trail: Trail): JsonObject {
  const prototype: unknown = Object.getPrototypeOf(value)
  const plain = prototype === Object.prototype
  if (!plain && !isPlainPrototype(prototype)) reject(trail.up, trail.root, `an instance of ${className(value)}`)
  if (Object.getOwnPropertySymbols(value).length > 0) reject(trail.up, trail.root, 'an object with symbol keys')
  const old = isJsonObject(known) ? known : undefined
  // Spread instead of assignments in a loop: V8 keeps the compact layout, and each getter is read only once.
  let copy: Record<string, unknown> | undefined = plain && Object.isFrozen(value) ? undefined : { ...value }
  const names = Object.keys(copy ?? value)
  const members = Object.values(copy ?? value)
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    trail.key = name
    if (isForbiddenName(name)) reject(trail, trail.root, 'a forbidden member name')
    const normal = normalize(members[i], old?.[name], trail, trail.root)
    if (Object.is(normal, members[i])) continue
    copy ??= { ...value }
    copy[name] = normal
  }
  if (!isCanonicalOrder(names)) return Object.freeze(copyInOrder((copy ?? value) as JsonObject, names))
  return (copy === undefined ? value : Object.freeze(copy)) as JsonObject
}

function descend(container: object, up: Trail | undefined, root: string): Trail {
  const depth = up === undefined ? 1 : up.depth + 1
  for (let above = up; above !== undefined; above = above.up) {
    if (above.container === container) reject(up, root, 'a value that contains itself')
  }
  if (depth > MAX_DEPTH) reject(up, root, `nesting deeper than ${MAX_DEPTH} levels`)
  return { up, container, depth, root, key: '' }
}

/**
 * Whether the prototype is null, or the `Object.prototype` of another realm (a message from a worker, a test runner's
 * sandbox).
 */
function isPlainPrototype(prototype: unknown): boolean {
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function className(value: object): string {
  const type: unknown = value.constructor
  return typeof type === 'function' && type.name !== '' ? type.name : 'a class'
}

function reject(trail: Trail | undefined, root: string, found: string): never {
  let path = ''
  for (let step = trail; step !== undefined; step = step.up) path = `/${escapeToken(String(step.key))}${path}`
  throw new NotJsonError(root + path, found)
}
