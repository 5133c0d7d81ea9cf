/** What a {@link SyncError} is about, as far as it is known. */
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

/**
 * Every error of this product. Messages may change, codes will not between major versions.
 */
export abstract class SyncError extends Error {
  /** Stable: what to switch on. */
  abstract readonly code: `SYNC_${string}`
  /** `no`: nothing was written. `unknown`: it may have been. */
  readonly committed: 'no' | 'unknown' = 'no'
  /** May the same call succeed later? */
  readonly retryable: boolean = false
  readonly address: ErrorAddress | undefined

  constructor(message: string, { cause, address }: Details = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.address = address
  }
}

/** A value that JSON cannot carry unchanged. `path` is the JSON pointer of it. */
export class NotJsonError extends SyncError {
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
  override readonly code = 'SYNC_ARGUMENT'
}

/** A text that is no position of ours. */
export class PositionError extends SyncError {
  override readonly code = 'SYNC_POSITION'
  constructor(position: unknown) {
    super(`not a position: ${JSON.stringify(position)}`)
  }
}

/** A frame that cannot be read. `newer`: it is of a later major version of the wire. */
export class FrameError extends SyncError {
  override readonly code = 'SYNC_FRAME'
  readonly newer: boolean
  constructor(message: string, newer = false, details?: Details) {
    super(`unreadable frame: ${message}`, details)
    this.newer = newer
  }
}

/** What the write took for granted does not hold (any more). `current` tells the document's version, 0 when absent. */
export class ConflictError extends SyncError {
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
  override readonly code = 'SYNC_NOT_FOUND'
}

/** The resulting document is refused, by the collection's schema or by a merge strategy. */
export class RejectedError extends SyncError {
  override readonly code = 'SYNC_REJECTED'
  readonly issues: readonly { readonly message: string; readonly path?: string }[]
  constructor(message: string, issues: RejectedError['issues'], details?: Details) {
    super(message, details)
    this.issues = issues
  }
}

/** The caller's wait ended, or the store forgot: the write may or may not have been done. Ask again with `opId`. */
export class OutcomeUnknownError extends SyncError {
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
  override readonly code = 'SYNC_DEFINITION'
}

/** The collection's `source` failed, or did not answer in time; what it threw is the `cause`. */
export class SourceError extends SyncError {
  override readonly code = 'SYNC_SOURCE'
  override readonly retryable = true
}

/** The caller's time ran out before the call began to do anything, or while it only read. */
export class TimeoutError extends SyncError {
  override readonly code = 'SYNC_TIMEOUT'
  override readonly retryable = true
}

/** The caller's signal aborted before the call began to do anything, or while it only read. */
export class AbortedError extends SyncError {
  override readonly code = 'SYNC_ABORTED'
}

/** The store cannot be reached. */
export class StoreUnavailableError extends SyncError {
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
  override readonly code = 'SYNC_BUS_UNAVAILABLE'
  override readonly retryable = true
}

/** A bus no longer keeps what came after this offset: read what was missed from the store. */
export class OffsetLostError extends SyncError {
  override readonly code = 'SYNC_OFFSET_LOST'
}

/** Used after `close()`. */
export class ClosedError extends SyncError {
  override readonly code = 'SYNC_CLOSED'
}

/** Too much at once: a document, commit or queue beyond its stated limit. */
export class LimitError extends SyncError {
  override readonly code = 'SYNC_LIMIT'
}

/** A stamp from further in the future than the clock takes: the sender's wall clock is ahead, or ours behind. */
export class ClockDriftError extends SyncError {
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
  | 'refused'

/** A recording cannot be read or played beyond a line. What stands before that line was done. */
export class RecordingError extends SyncError {
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
