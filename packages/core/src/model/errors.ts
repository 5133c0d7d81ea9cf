/** Address that a {@link SyncError} concerns, as far as it is known. */
export interface ErrorAddress {
  readonly partition?: string
  readonly section?: string
  readonly key?: string
  readonly field?: string
}

interface Details {
  readonly cause?: unknown
  readonly address?: ErrorAddress
}

/** A {@link SyncError} as a log receives it. */
export interface SyncErrorJson {
  readonly name: string
  readonly code: `SYNC_${string}`
  readonly message: string
  readonly retryable: boolean
  readonly committed: 'no' | 'unknown'
  readonly address?: ErrorAddress
  /** Message of the cause. */
  readonly cause?: string
}

/** Shared by all copies of this package in a process, so that {@link isSyncError} recognises the errors of each copy. */
const BRAND = Symbol.for('@sync/core/SyncError')

/**
 * Base class of all errors thrown by this library.
 *
 * Messages begin with the address and end with a reference to the error's section in `docs/reference/errors.md`.
 * Messages may change in any release; codes change only in major versions.
 */
export abstract class SyncError extends Error {
  /** Code of the errors of this class. */
  static readonly code: `SYNC_${string}`
  /** Stable error code. */
  abstract readonly code: `SYNC_${string}`
  /** `no`: nothing was written. `unknown`: the write may have been committed. Default `no`. */
  readonly committed: 'no' | 'unknown' = 'no'
  /** Whether the same call may succeed later. Default false. */
  readonly retryable: boolean = false
  /** Address that the error concerns, if known. */
  readonly address: ErrorAddress | undefined

  static {
    Object.defineProperty(SyncError.prototype, BRAND, { value: true })
  }

  constructor(message: string, { cause, address }: Details = {}) {
    const text = `${message} [errors.md#${new.target.code.toLowerCase()}]`
    super(address ? `${formatAddress(address)}: ${text}` : text, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.address = address
  }

  /** Adds an address to the error and to its message, unless it already has one. Returns the error. */
  locate(address: ErrorAddress): this {
    if (this.address) return this
    const { message, stack } = this
    Object.assign(this, { address })
    this.message = `${formatAddress(address)}: ${message}`
    if (stack) this.stack = stack.replace(message, () => this.message)
    return this
  }

  /** Returns the error for a log, as `JSON.stringify` calls it. Contains the cause's message, but neither stack nor values. */
  toJSON(): SyncErrorJson {
    const { name, code, message, address, retryable, committed, cause } = this
    return {
      name,
      code,
      message,
      retryable,
      committed,
      ...(address && { address }),
      ...(cause !== undefined && { cause: messageOf(cause) }),
    }
  }
}

/**
 * Returns true if a value is a {@link SyncError}, and has this code if one is given. Also recognises errors of another
 * copy of this package, where `instanceof` fails: after `jest.resetModules()`, or with two versions installed.
 */
export const isSyncError = <C extends SyncError['code']>(value: unknown, code?: C): value is SyncError & { code: C } =>
  typeof value === 'object' &&
  value !== null &&
  BRAND in value &&
  (code === undefined || Reflect.get(value, 'code') === code)

/** Returns the message of anything that was thrown. */
export const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/**
 * Returns the messages of an error and its causes, in one line. A client's own message often lacks the system's code, such as
 * `ECONNREFUSED`, which its cause has.
 */
export function messagesOf(error: unknown): string {
  const message = messageOf(error).replaceAll(/\s+/g, ' ').trim()
  if (!(error instanceof Error) || !(error.cause instanceof Error)) return message
  const cause = messagesOf(error.cause)
  return message.includes(cause) ? message : `${message}: ${cause}`
}

/** Formats an address as `partition/section/key`, with the field in parentheses. */
function formatAddress({ partition, section, key, field }: ErrorAddress): string {
  const path = [partition, section, key].filter((part) => part !== undefined).join('/')
  return field === undefined ? path : `${path} (field ${JSON.stringify(field)})`
}

/** A value that JSON cannot represent without loss. */
export class NotJsonError extends SyncError {
  static override readonly code = 'SYNC_NOT_JSON'
  override readonly code = 'SYNC_NOT_JSON'
  /** JSON pointer to the value. */
  readonly path: string
  constructor(path: string, found: string, details?: Details) {
    super(`expected a JSON value at ${path === '' ? 'the root' : path}, got ${found}`, details)
    this.path = path
  }
}

/**
 * Reason why a JSON Patch does not apply:
 * - `bad-operation`: an operation is malformed, or its kind is unknown
 * - `bad-pointer`: a path is not a JSON pointer
 * - `forbidden-name`: a path contains a name that documents may not use
 * - `index`: an array index is malformed or out of range
 * - `missing`: a path leads to a member that does not exist
 * - `not-a-container`: a path leads through a string, number, boolean or null
 * - `test-failed`: a `test` operation found another value
 */
export type PatchFailure =
  | 'bad-operation'
  | 'bad-pointer'
  | 'forbidden-name'
  | 'index'
  | 'missing'
  | 'not-a-container'
  | 'test-failed'

/** A JSON Patch that does not apply. The document is unchanged. */
export class PatchError extends SyncError {
  static override readonly code = 'SYNC_PATCH'
  override readonly code = 'SYNC_PATCH'
  readonly reason: PatchFailure
  /** Index of the operation in the patch, from 0. */
  readonly index: number
  /** JSON pointer to the failing location. */
  readonly path: string
  constructor(reason: PatchFailure, index: number, path: string, message: string, details?: Details) {
    super(`operation ${index} at ${path === '' ? 'the root' : path}: ${message}`, details)
    this.reason = reason
    this.index = index
    this.path = path
  }
}

/** An invalid argument: an empty name, an unknown option, a malformed duration. */
export class ArgumentError extends SyncError {
  static override readonly code = 'SYNC_ARGUMENT'
  override readonly code = 'SYNC_ARGUMENT'
}

/** A string that is not a position. */
export class PositionError extends SyncError {
  static override readonly code = 'SYNC_POSITION'
  override readonly code = 'SYNC_POSITION'
  constructor(position: unknown) {
    super(`expected a position of a change or batch, got ${JSON.stringify(position)}`)
  }
}

/** A frame or change that cannot be decoded. */
export class FrameError extends SyncError {
  static override readonly code = 'SYNC_FRAME'
  override readonly code = 'SYNC_FRAME'
  /** Whether the frame has a newer major version of the wire format. */
  readonly newer: boolean
  constructor(message: string, newer = false, details?: Details) {
    super(`cannot decode: ${message}`, details)
    this.newer = newer
  }
}

/** A write whose precondition does not hold. */
export class ConflictError extends SyncError {
  static override readonly code = 'SYNC_CONFLICT'
  override readonly code = 'SYNC_CONFLICT'
  override readonly retryable = true
  /** Version of the document that the store has; 0 if it is absent. */
  readonly current: { readonly version: number }
  constructor(message: string, current: { readonly version: number }, details?: Details) {
    super(message, details)
    this.current = current
  }
}

/** The document that a write should change does not exist. */
export class NotFoundError extends SyncError {
  static override readonly code = 'SYNC_NOT_FOUND'
  override readonly code = 'SYNC_NOT_FOUND'
}

/** A document that the collection's schema or a merge strategy rejects. */
export class RejectedError extends SyncError {
  static override readonly code = 'SYNC_REJECTED'
  override readonly code = 'SYNC_REJECTED'
  /** Problems found, with the path of each if known. */
  readonly issues: readonly { readonly message: string; readonly path?: string }[]
  constructor(message: string, issues: RejectedError['issues'], details?: Details) {
    super(message, details)
    this.issues = issues
  }
}

/**
 * A write whose outcome is unknown: the caller stopped waiting, or the store no longer remembers the result. The write
 * may have been committed. To find out, repeat it with the same idempotency key.
 */
export class OutcomeUnknownError extends SyncError {
  static override readonly code = 'SYNC_OUTCOME_UNKNOWN'
  override readonly code = 'SYNC_OUTCOME_UNKNOWN'
  override readonly committed = 'unknown'
  /** Key under which the write was sent. Repeat the call with it to learn the outcome. */
  readonly idempotencyKey: string
  constructor(idempotencyKey: string, message: string, details?: Details) {
    super(message, details)
    this.idempotencyKey = idempotencyKey
  }
}

/** The section's recorded definition has another `subscribeBy` than this instance's definition. Nothing was written. */
export class DefinitionError extends SyncError {
  static override readonly code = 'SYNC_DEFINITION'
  override readonly code = 'SYNC_DEFINITION'
}

/** The collection's `source` threw or timed out; its error is the `cause`. */
export class SourceError extends SyncError {
  static override readonly code = 'SYNC_SOURCE'
  override readonly code = 'SYNC_SOURCE'
  override readonly retryable = true
}

/** The timeout passed before the call wrote anything, or during a read. */
export class TimeoutError extends SyncError {
  static override readonly code = 'SYNC_TIMEOUT'
  override readonly code = 'SYNC_TIMEOUT'
  override readonly retryable = true
}

/** The caller's signal aborted before the call wrote anything, or during a read. */
export class AbortedError extends SyncError {
  static override readonly code = 'SYNC_ABORTED'
  override readonly code = 'SYNC_ABORTED'
}

/** The store is unavailable. */
export class StoreUnavailableError extends SyncError {
  static override readonly code = 'SYNC_STORE_UNAVAILABLE'
  override readonly code = 'SYNC_STORE_UNAVAILABLE'
  override readonly retryable = true
  override readonly committed: 'no' | 'unknown'
  constructor(message: string, committed: 'no' | 'unknown', details?: Details) {
    super(message, details)
    this.committed = committed
  }
}

/** The bus is unavailable, or rejected the frames. */
export class BusUnavailableError extends SyncError {
  static override readonly code = 'SYNC_BUS_UNAVAILABLE'
  override readonly code = 'SYNC_BUS_UNAVAILABLE'
  override readonly retryable = true
}

/** The bus no longer retains the frames after an offset. The missing changes must be read from the store. */
export class OffsetLostError extends SyncError {
  static override readonly code = 'SYNC_OFFSET_LOST'
  override readonly code = 'SYNC_OFFSET_LOST'
}

/** A call after `close()`. */
export class ClosedError extends SyncError {
  static override readonly code = 'SYNC_CLOSED'
  override readonly code = 'SYNC_CLOSED'
}

/** A document, commit or queue that exceeds its limit. */
export class LimitError extends SyncError {
  static override readonly code = 'SYNC_LIMIT'
  override readonly code = 'SYNC_LIMIT'
}

/** A hybrid stamp too far ahead of the wall clock: the sender's clock is fast, or the local clock is slow. */
export class ClockDriftError extends SyncError {
  static override readonly code = 'SYNC_CLOCK_DRIFT'
  override readonly code = 'SYNC_CLOCK_DRIFT'
  override readonly retryable = true
  /** Milliseconds by which the stamp is ahead of the local wall clock. */
  readonly drift: number
  /** Maximum allowed drift, in ms. */
  readonly maxDrift: number
  constructor(drift: number, maxDrift: number, details?: Details) {
    super(`expected a stamp at most ${maxDrift} ms ahead of the wall clock, got one ${drift} ms ahead`, details)
    this.drift = drift
    this.maxDrift = maxDrift
  }
}

/** Reason why a recording cannot be read or replayed further. */
export type RecordingFailure =
  /** A line is not valid. */
  | 'damaged'
  /** The last line is missing: the file was cut, or its recorder stopped early. */
  | 'truncated'
  /** A later release wrote the recording. */
  | 'newer'
  /** The collection rejected a change; its error is the `cause`. */
  | 'rejected'

/** A recording that cannot be read or replayed beyond a line. The lines before it are complete. */
export class RecordingError extends SyncError {
  static override readonly code = 'SYNC_RECORDING'
  override readonly code = 'SYNC_RECORDING'
  readonly reason: RecordingFailure
  /** Number of the line that failed, from 1. */
  readonly line: number
  constructor(reason: RecordingFailure, line: number, message: string, details?: Details) {
    super(`recording line ${line}: ${message}`, details)
    this.reason = reason
    this.line = line
  }
}
