import { isDeepStrictEqual } from 'node:util'

/** What an adapter did that a rule forbids. The message says what was seen; the rule's id, hint and seed are added by the runner. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

/** @throws Violation with the message, unless the condition holds. */
export function demand(condition: unknown, message: string | (() => string)): asserts condition {
  if (!condition) throw new Violation(typeof message === 'string' ? message : message())
}

/** @throws Violation naming both, unless they are deeply equal. */
export function demandEqual(got: unknown, wanted: unknown, what: string): void {
  if (!isDeepStrictEqual(got, wanted)) throw new Violation(`${what}: expected ${show(wanted)}, got ${show(got)}`)
}

/** What is known of an error by its shape: an adapter may have another copy of the core than the kit. */
export interface TypedError extends Error {
  readonly code: string
  readonly committed: 'no' | 'unknown'
  readonly retryable: boolean
}

/** Is it an error of this product: with a stable code, and with what is known of the write? */
export const isTyped = (error: unknown): error is TypedError =>
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
export async function demandRefusal(call: Promise<unknown>, what: string, code?: string): Promise<TypedError> {
  const outcome = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if ('value' in outcome) throw new Violation(`${what}: was not refused but answered ${show(outcome.value)}`)
  const { error } = outcome
  demand(isTyped(error), () => `${what}: was refused with an error that is no SyncError: ${String(error)}`)
  if (code !== undefined && error.code !== code)
    throw new Violation(`${what}: was refused with ${error.code} in place of ${code}: ${error.message}`)
  return error
}

/** A value for a message: short, on one line. */
export function show(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`
  const text = value === undefined ? 'nothing' : (JSON.stringify(value, plain) ?? String(value))
  return text.length > 300 ? `${text.slice(0, 299)}…` : text
}

const plain = (_: string, value: unknown): unknown => {
  if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol') return String(value)
  if (value instanceof Map) return Object.fromEntries(value)
  if (value instanceof Set) return [...value]
  if (value instanceof Uint8Array) return `${value.length} bytes`
  return value
}
