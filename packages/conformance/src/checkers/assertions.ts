import { isDeepStrictEqual } from 'node:util'

/** What an adapter did that a rule forbids. The message says what was seen; the rule's id, hint and seed are added by the runner. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

/** @throws Violation with the message, unless the condition holds. */
export function assertThat(condition: unknown, message: string | (() => string)): asserts condition {
  if (!condition) throw new Violation(typeof message === 'string' ? message : message())
}

/** @throws Violation naming both, unless they are deeply equal. */
export function assertEqual(actual: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(actual, expected))
    throw new Violation(`${what}: expected ${format(expected)}, got ${format(actual)}`)
}

/** What is known of an error by its shape: an adapter may have another copy of the core than the kit. */
export interface TypedError extends Error {
  readonly code: string
  readonly committed: 'no' | 'unknown'
  readonly retryable: boolean
}

/** Is it an error of this product: with a stable code, and with what is known of the write? */
export const isTypedError = (error: unknown): error is TypedError =>
  error instanceof Error &&
  'code' in error &&
  typeof error.code === 'string' &&
  error.code.startsWith('SYNC_') &&
  'committed' in error &&
  'retryable' in error

/**
 * Waits for a call that has to be refused with a typed error.
 * @throws Violation if it is done, or refused with something else, or with another code than the wanted one
 */
export async function assertRejects(call: Promise<unknown>, what: string, code?: string): Promise<TypedError> {
  const outcome = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if ('value' in outcome) throw new Violation(`${what}: was not refused but answered ${format(outcome.value)}`)
  const { error } = outcome
  assertThat(isTypedError(error), () => `${what}: was refused with an error that is no SyncError: ${String(error)}`)
  if (code !== undefined && error.code !== code)
    throw new Violation(`${what}: was refused with ${error.code} in place of ${code}: ${error.message}`)
  return error
}

/** A value for a message: short, on one line. */
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
