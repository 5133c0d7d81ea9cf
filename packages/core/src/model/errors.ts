/** The part of the data that a {@link SyncError} concerns, as far as it is known. */
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

/** Shared by every copy of this package in a process, so that {@link isSyncError} recognises errors of all of them. */
const BRAND = Symbol.for('@sync/core/SyncError')

/**
 * Base class of every error of this product.
 *
 * Messages begin with the address and end with the error's section in `docs/reference/errors.md`. Messages may change at any
 * time; codes change in major versions only.
 */
export abstract class SyncError extends Error {
  /** The code of every error of this class. */
  static readonly code: `SYNC_${string}`
  /** Stable identifier of the kind of error. */
  abstract readonly code: `SYNC_${string}`
  /** `no`: nothing was written. `unknown`: the write may have been committed. */
  readonly committed: 'no' | 'unknown' = 'no'
  /** Whether the same call may succeed later. */
  readonly retryable: boolean = false
  /** The part of the data that the error concerns. */
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

  /** Adds the address to an error that has none, in its message too. Returns the error. */
  locate(address: ErrorAddress): this {
    if (this.address) return this
    const { message, stack } = this
    Object.assign(this, { address })
    this.message = `${formatAddress(address)}: ${message}`
    if (stack) this.stack = stack.replace(message, () => this.message)
    return this
  }
}

/**
 * Returns true if a value is a {@link SyncError}, also one of another copy of this package, where `instanceof` fails: after
 * `jest.resetModules()`, or with two versions installed.
 */
export const isSyncError = (value: unknown): value is SyncError =>
  typeof value === 'object' && value !== null && BRAND in value

/** Formats an address as `partition/section/key`, with the field in parentheses. */
function formatAddress({ partition, section, key, field }: ErrorAddress): string {
  const path = [partition, section, key].filter((part) => part !== undefined).join('/')
  return field === undefined ? path : `${path} (field ${JSON.stringify(field)})`
}

/** A value that JSON cannot carry unchanged. `path` is the JSON pointer of it. */
export class NotJsonError extends SyncError {
  static override readonly code = 'SYNC_NOT_JSON'
  override readonly code = 'SYNC_NOT_JSON'
  readonly path: string
  constructor(path: string, what: string, details?: Details) {
    super(`${what} at ${path === '' ? 'the root' : path} is not JSON`, details)
    this.path = path
  }
}

/** Why a patch does not apply. */
export type PatchFailure =
  | 'bad-operation'
  | 'bad-pointer'
  | 'forbidden-name'
  | 'index'
  | 'missing'
  | 'not-a-container'
  | 'test-failed'

/** A JSON Patch that does not apply; the document is as it was. */
export class PatchError extends SyncError {
  static override readonly code = 'SYNC_PATCH'
  override readonly code = 'SYNC_PATCH'
  readonly reason: PatchFailure
  /** Of the operation in the patch, from 0. */
  readonly index: number
  readonly path: string
  constructor(reason: PatchFailure, index: number, path: string, message: string, details?: Details) {
    super(`operation ${index} at ${path === '' ? 'the root' : path}: ${message}`, details)
    this.reason = reason
    this.index = index
    this.path = path
  }
}

/** An argument that cannot be served: an empty name, an unknown option, a duration of the wrong form. */
export class ArgumentError extends SyncError {
  static override readonly code = 'SYNC_ARGUMENT'
  override readonly code = 'SYNC_ARGUMENT'
}

/** A text that is no position of ours. */
export class PositionError extends SyncError {
  static override readonly code = 'SYNC_POSITION'
  override readonly code = 'SYNC_POSITION'
  constructor(position: unknown) {
    super(`not a position: ${JSON.stringify(position)}`)
  }
}

/** A frame that cannot be read. `newer`: it is of a later major version of the wire. */
export class FrameError extends SyncError {
  static override readonly code = 'SYNC_FRAME'
  override readonly code = 'SYNC_FRAME'
  readonly newer: boolean
  constructor(message: string, newer = false, details?: Details) {
    super(`unreadable frame: ${message}`, details)
    this.newer = newer
  }
}

/** What the write took for granted does not hold (any more). `current` tells the document's version, 0 when absent. */
export class ConflictError extends SyncError {
  static override readonly code = 'SYNC_CONFLICT'
  override readonly code = 'SYNC_CONFLICT'
  override readonly retryable = true
  readonly current: { readonly version: number }
  constructor(message: string, current: { readonly version: number }, details?: Details) {
    super(message, details)
    this.current = current
  }
}

/** The document to be changed does not exist. */
export class NotFoundError extends SyncError {
  static override readonly code = 'SYNC_NOT_FOUND'
  override readonly code = 'SYNC_NOT_FOUND'
}

/** The resulting document is refused, by the collection's schema or by a merge strategy. */
export class RejectedError extends SyncError {
  static override readonly code = 'SYNC_REJECTED'
  override readonly code = 'SYNC_REJECTED'
  readonly issues: readonly { readonly message: string; readonly path?: string }[]
  constructor(message: string, issues: RejectedError['issues'], details?: Details) {
    super(message, details)
    this.issues = issues
  }
}

/** The caller's wait ended, or the store forgot: the write may or may not have been done. Ask again with `opId`. */
export class OutcomeUnknownError extends SyncError {
  static override readonly code = 'SYNC_OUTCOME_UNKNOWN'
  override readonly code = 'SYNC_OUTCOME_UNKNOWN'
  override readonly committed = 'unknown'
  readonly idempotencyKey: string
  constructor(idempotencyKey: string, message: string, details?: Details) {
    super(message, details)
    this.idempotencyKey = idempotencyKey
  }
}

/** The section's documents are followed in another way than this service's definition says: nothing was written. */
export class DefinitionError extends SyncError {
  static override readonly code = 'SYNC_DEFINITION'
  override readonly code = 'SYNC_DEFINITION'
}

/** The collection's `source` failed, or did not answer in time; what it threw is the `cause`. */
export class SourceError extends SyncError {
  static override readonly code = 'SYNC_SOURCE'
  override readonly code = 'SYNC_SOURCE'
  override readonly retryable = true
}

/** The caller's time ran out before the call began to do anything, or while it only read. */
export class TimeoutError extends SyncError {
  static override readonly code = 'SYNC_TIMEOUT'
  override readonly code = 'SYNC_TIMEOUT'
  override readonly retryable = true
}

/** The caller's signal aborted before the call began to do anything, or while it only read. */
export class AbortedError extends SyncError {
  static override readonly code = 'SYNC_ABORTED'
  override readonly code = 'SYNC_ABORTED'
}

/** The store cannot be reached. */
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

/** The bus cannot be reached, or refused to send. */
export class BusUnavailableError extends SyncError {
  static override readonly code = 'SYNC_BUS_UNAVAILABLE'
  override readonly code = 'SYNC_BUS_UNAVAILABLE'
  override readonly retryable = true
}

/** A bus no longer keeps what came after this offset: read what was missed from the store. */
export class OffsetLostError extends SyncError {
  static override readonly code = 'SYNC_OFFSET_LOST'
  override readonly code = 'SYNC_OFFSET_LOST'
}

/** Used after `close()`. */
export class ClosedError extends SyncError {
  static override readonly code = 'SYNC_CLOSED'
  override readonly code = 'SYNC_CLOSED'
}

/** Too much at once: a document, commit or queue beyond its stated limit. */
export class LimitError extends SyncError {
  static override readonly code = 'SYNC_LIMIT'
  override readonly code = 'SYNC_LIMIT'
}

/** A stamp from further in the future than the clock takes: the sender's wall clock is ahead, or ours behind. */
export class ClockDriftError extends SyncError {
  static override readonly code = 'SYNC_CLOCK_DRIFT'
  override readonly code = 'SYNC_CLOCK_DRIFT'
  override readonly retryable = true
  /** How far the stamp is ahead of our wall clock, in ms. */
  readonly drift: number
  /** How far it may be, in ms. */
  readonly maxDrift: number
  constructor(drift: number, maxDrift: number, details?: Details) {
    super(`a stamp ${drift} ms ahead of the wall clock: ${maxDrift} at most`, details)
    this.drift = drift
    this.maxDrift = maxDrift
  }
}

/** Why a recording cannot be played on. */
export type RecordingFailure =
  /** A line that is none of a recording. */
  | 'damaged'
  /** The end is missing: the file was cut, or its recorder did not come to its end. */
  | 'truncated'
  /** Written by a later release. */
  | 'newer'
  /** The collection refused the change; `cause` says why. */
  | 'rejected'

/** A recording cannot be read or played beyond a line. What stands before that line was done. */
export class RecordingError extends SyncError {
  static override readonly code = 'SYNC_RECORDING'
  override readonly code = 'SYNC_RECORDING'
  readonly reason: RecordingFailure
  /** The line that was not done, from 1. */
  readonly line: number
  constructor(reason: RecordingFailure, line: number, message: string, details?: Details) {
    super(`line ${line} of the recording: ${message}`, details)
    this.reason = reason
    this.line = line
  }
}
