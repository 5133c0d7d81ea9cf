import { NotJsonError } from './errors.ts'
import { isJsonArray, isJsonObject, type Json, type JsonObject } from './json.ts'
import { escapeToken, isForbiddenName } from './json-pointer.ts'

/** Arrays and objects may be nested this deep. Deeper ones could overflow the stack of whoever walks them. */
export const MAX_DEPTH = 256

/** Options of {@link toJson}. */
export interface ToJsonOptions {
  /** JSON pointer of the value itself: stands before the paths in errors. @default '' */
  readonly at?: string
  /** An earlier result: parts of it found again at the same place are taken without a look inside. */
  readonly known?: Json
}

/** The way down to the value in hand: names it in an error, and finds cycles. */
interface Trail {
  readonly up: Trail | undefined
  readonly container: object
  readonly depth: number
  readonly root: string
  key: string | number
}

/**
 * Turns a value into JSON: deeply frozen, owing nothing to the caller's own objects, which stay as they are.
 * Parts that are frozen JSON already keep their identity; the rest is copied. `-0` becomes `0`.
 *
 * What `JSON.stringify` would silently drop or change is refused: `undefined` (as a member's value too), NaN, infinities,
 * bigints, symbols, functions, instances of classes (Date, Map, …), cycles. So is nesting deeper than {@link MAX_DEPTH},
 * and, at any depth, a member called `__proto__`, `constructor` or `prototype`, or one that begins with a backslash.
 *
 * @throws NotJsonError (`SYNC_NOT_JSON`) with the JSON pointer of what is refused
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
  if (Object.getOwnPropertySymbols(value).length > 0) reject(trail.up, trail.root, 'an object with symbols for names')
  const old = isJsonObject(known) ? known : undefined
  // Spread, not assignments in a loop: V8 keeps the compact layout, and a getter is read but once.
  let copy: Record<string, unknown> | undefined = plain && Object.isFrozen(value) ? undefined : { ...value }
  const names = Object.keys(copy ?? value)
  const members = Object.values(copy ?? value)
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    trail.key = name
    if (isForbiddenName(name)) reject(trail, trail.root, 'a member of this name')
    const normal = normalize(members[i], old?.[name], trail, trail.root)
    if (Object.is(normal, members[i])) continue
    copy ??= { ...value }
    copy[name] = normal
  }
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

/** None, or the `Object.prototype` of another realm (a message from a worker, a test runner's sandbox). */
function isPlainPrototype(prototype: unknown): boolean {
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function className(value: object): string {
  const type: unknown = value.constructor
  return typeof type === 'function' && type.name !== '' ? type.name : 'a class'
}

function reject(trail: Trail | undefined, root: string, what: string): never {
  let path = ''
  for (let step = trail; step !== undefined; step = step.up) path = `/${escapeToken(String(step.key))}${path}`
  throw new NotJsonError(root + path, what)
}
