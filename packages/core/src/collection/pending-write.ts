import { OutcomeUnknownError, type SyncError } from '../model/errors.ts'
import { type DocumentState, decodeETag } from '../model/etag.ts'
import type { JsonObject } from '../model/json.ts'
import type { WriteOptions } from './api.ts'
import type { CommitOutcome } from './commit-outcome.ts'
import type { WriteOperation } from './write-operation.ts'

/** One call of a caller, on its way to the store. */
export interface PendingWrite {
  readonly operation: WriteOperation
  readonly options: WriteOptions
  /** The state that the document has to be in, if the caller insists on one. */
  readonly precondition: Precondition | undefined
  /** Never waits for a store that is away. */
  readonly failFast: boolean
  readonly completion: PromiseWithResolvers<CommitOutcome>
  /** Once sent its outcome is in doubt until there is an answer. */
  sent: boolean
  opId: string
  /** The document as it was held when the call was made: what a merge takes for the common beginning. */
  readonly valueAtCall: JsonObject | undefined
}

/** A state of a document: by its version within the life held here, or wholly. */
export type Precondition = Pick<DocumentState, 'version'> & Partial<DocumentState>

/** The jobs that share one commit. */
export interface WriteGroup {
  readonly key: string
  /** Those that somebody still waits for. */
  liveWrites(): readonly PendingWrite[]
  /** One of several recipes failed: it goes without it. */
  rejectWrite(index: number, error: SyncError): void
}

/** A caller's call, not yet begun. */
export const createPendingWrite = (
  operation: WriteOperation,
  options: WriteOptions,
  failFast: boolean,
  valueAtCall: JsonObject | undefined,
): PendingWrite => ({
  operation,
  valueAtCall,
  options,
  precondition: parsePrecondition(options),
  failFast,
  completion: Promise.withResolvers(),
  sent: false,
  opId: options.idempotencyKey ?? '',
})

function parsePrecondition({ ifVersion, ifMatch }: WriteOptions): Precondition | undefined {
  if (ifMatch !== undefined) return decodeETag(ifMatch)
  return ifVersion === undefined ? undefined : { version: ifVersion }
}

/** The error of a job that was sent and has no answer. */
export const outcomeUnknown = ({ opId }: PendingWrite, reason: string): OutcomeUnknownError =>
  new OutcomeUnknownError(opId, `${reason}: the write may or may not be done`)

/**
 * How many jobs at the head of a queue may share one commit: unconditional ones with each other, recipes with recipes;
 * never one with an expectation, an id or meta of its own, nor one that sets a field with a strategy.
 */
export function countCombinable(
  queue: readonly PendingWrite[],
  max: number,
  hasStrategy: (field: string) => boolean,
): number {
  const [first] = queue
  if (!first || !isCombinable(first, hasStrategy)) return queue.length > 0 ? 1 : 0
  let count = 1
  while (count < Math.min(queue.length, max)) {
    const next = queue[count] as PendingWrite
    const isAlike =
      next.operation.kind === first.operation.kind &&
      isCombinable(next, hasStrategy) &&
      sameMeta(first.options.meta, next.options.meta)
    if (!isAlike) break
    count++
  }
  return count
}

function isCombinable(
  { operation, options, precondition }: PendingWrite,
  hasStrategy: (field: string) => boolean,
): boolean {
  if (options.idempotencyKey !== undefined || precondition) return false
  if (operation.kind === 'update') return true
  return operation.kind === 'assign' && !Object.keys(operation.fields).some(hasStrategy)
}

function sameMeta(a: WriteOptions['meta'], b: WriteOptions['meta']): boolean {
  if (a === b) return true
  if (!a || !b) return false
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}
