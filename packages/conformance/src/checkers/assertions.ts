import { isDeepStrictEqual } from 'node:util'

/** Violation of a rule by an adapter. The message describes the observation; the runner adds the rule's id, hint and seed. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

/**
 * Asserts that a condition holds.
 * @throws Violation with the message if it does not.
 */
export function assertThat(condition: unknown, message: string | (() => string)): asserts condition {
  if (!condition) throw new Violation(typeof message === 'string' ? message : message())
}

/**
 * Asserts that two values are deeply equal.
 * @throws Violation with both values if they are not.
 */
export function assertEqual(actual: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(actual, expected))
    throw new Violation(`${what}: expected ${format(expected)}, got ${format(actual)}`)
}

/** Shape of a `SyncError`. The kit tests the shape and not the class, because an adapter may have its own copy of the core. */
export interface TypedError extends Error {
  readonly code: string
  readonly committed: 'no' | 'unknown'
  readonly retryable: boolean
}

/** True if an error has the shape of a `SyncError`: a stable code, `committed` and `retryable`. */
export const isTypedError = (error: unknown): error is TypedError =>
  error instanceof Error &&
  'code' in error &&
  typeof error.code === 'string' &&
  error.code.startsWith('SYNC_') &&
  'committed' in error &&
  'retryable' in error

/**
 * Returns the typed error with which a call rejects.
 * @throws Violation if the call resolves, or rejects with another error or another code.
 */
export async function assertRejects(call: Promise<unknown>, what: string, code?: string): Promise<TypedError> {
  const outcome = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if ('value' in outcome) throw new Violation(`${what}: expected a rejection, got ${format(outcome.value)}`)
  const { error } = outcome
  assertThat(isTypedError(error), () => `${what}: expected a SyncError, got ${String(error)}`)
  if (code !== undefined && error.code !== code)
    throw new Violation(`${what}: expected ${code}, got ${error.code}: ${error.message}`)
  return error
}

/** Formats a value for a message: on one line, with at most 300 characters. */
export function format(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`
  const text = value === undefined ? 'nothing' : (JSON.stringify(value, toPlain) ?? String(value))
  return text.length > 300 ? `${text.slice(0, 299)}…` : text
}

const toPlain = (_: string, value: unknown): unknown => {
  if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol') return String(value)
  if (value instanceof Map) return Object.fromEntries(value)
  if (value instanceof Set) return [...value]
  if (value instanceof Uint8Array) return `${value.length} bytes`
  return value
}
