import { type DocumentRef, isDocumentRef, type Scope, type SectionRef } from './address.ts'
import { ArgumentError } from './errors.ts'

/** Throws unless partition and section are non-empty strings. @throws ArgumentError (`SYNC_ARGUMENT`) */
export function assertSectionRef({ partition, section }: SectionRef): void {
  assertNonEmptyString(partition, 'partition')
  assertNonEmptyString(section, 'section')
}

/** Throws unless partition, section and key are non-empty strings. @throws ArgumentError (`SYNC_ARGUMENT`) */
export function assertDocumentRef(ref: DocumentRef): void {
  assertSectionRef(ref)
  assertNonEmptyString(ref.key, 'key')
}

/** Throws unless every part of the scope's address is a non-empty string. @throws ArgumentError (`SYNC_ARGUMENT`) */
export const assertScope = (scope: Scope): void =>
  isDocumentRef(scope) ? assertDocumentRef(scope) : assertSectionRef(scope)

/** Returns the value if it is a non-empty string. @throws ArgumentError (`SYNC_ARGUMENT`) naming `label` */
export function assertNonEmptyString(value: unknown, label: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new ArgumentError(`${label}: expected a non-empty string, got ${formatValue(value)}`)
}

/** Returns the value if it is an integer of at least `min`. @throws ArgumentError (`SYNC_ARGUMENT`) naming `label` */
export function assertInteger(value: number, label: string, min: number): number {
  if (Number.isSafeInteger(value) && value >= min) return value
  throw new ArgumentError(`${label}: expected an integer of at least ${min}, got ${formatValue(value)}`)
}

/** Throws unless the value is one of the choices. @throws ArgumentError (`SYNC_ARGUMENT`) naming `label` */
export function assertOneOf(value: unknown, choices: readonly string[], label: string): void {
  if (choices.includes(value as string)) return
  const list = choices.map((choice) => `'${choice}'`).join(' or ')
  throw new ArgumentError(`${label}: expected ${list}, got ${formatValue(value)}`)
}

/** Returns the value if it is a function. @throws ArgumentError (`SYNC_ARGUMENT`) naming `label` */
export function assertFunction<F extends (...args: never[]) => unknown>(value: F, label: string): F {
  if (typeof value === 'function') return value
  throw new ArgumentError(`${label}: expected a function, got ${formatValue(value)}`)
}

/** The names of all options in `T`. */
export type OptionNames<T> = { readonly [Name in keyof T]-?: true }

/**
 * Throws unless the options are an object with known names only: a misspelt option must not be ignored.
 * @throws ArgumentError (`SYNC_ARGUMENT`) naming the option, with the known ones
 */
export function assertOptions<T extends object>(options: T, known: OptionNames<T>, label: string): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new ArgumentError(`${label}: expected an object of options, got ${formatValue(options)}`)
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name)) continue
    throw new ArgumentError(
      `${label}: expected options out of ${Object.keys(known).join(', ')}, got ${formatValue(name)}`,
    )
  }
}

/** Names a value's type for a message: messages never contain document values. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** Maximum length of a value in a message. */
const MAX_FORMATTED = 80

/** Formats a rejected argument for an error message: as JSON, shortened, or as its type if it has no JSON form. */
export function formatValue(value: unknown): string {
  const text =
    typeof value === 'string' || (typeof value === 'object' && value !== null) ? toJsonText(value) : undefined
  const formatted = text ?? (typeof value === 'function' ? 'a function' : String(value))
  return formatted.length > MAX_FORMATTED ? `${formatted.slice(0, MAX_FORMATTED)}…` : formatted
}

function toJsonText(value: string | object): string {
  try {
    return JSON.stringify(value) ?? 'an object'
  } catch {
    return 'an object'
  }
}

/**
 * Throws if a callback that must be synchronous returned a promise. The promise continues, and its outcome has no
 * receiver.
 * @throws ArgumentError (`SYNC_ARGUMENT`)
 */
export function assertNoPromise(returned: unknown, label: string): void {
  if (!isThenable(returned)) return
  returned.then(undefined, () => {})
  throw new ArgumentError(`${label}: expected a synchronous function, got one that returns a promise`)
}

/** True if the value is a promise, of any implementation. */
export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  value instanceof Promise ||
  (typeof value === 'object' && value !== null && typeof Reflect.get(value, 'then') === 'function')
