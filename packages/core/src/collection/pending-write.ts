import type { DocumentRef } from '../model/address.ts'
import type { RunInContext } from '../model/async-context.ts'
import { OutcomeUnknownError, type SyncError } from '../model/errors.ts'
import { type DocumentState, decodeETag } from '../model/etag.ts'
import type { JsonObject } from '../model/json.ts'
import type { WriteOptions } from './api.ts'
import type { CommitOutcome } from './commit-outcome.ts'
import type { WriteOperation } from './write-operation.ts'

/** A caller's write that has not completed. */
export interface PendingWrite {
  readonly address: DocumentRef
  readonly operation: WriteOperation
  readonly options: WriteOptions
  /** State that the document must be in, from `ifVersion` or `ifMatch`. */
  readonly precondition: Precondition | undefined
  /** True if the write rejects while the store is unavailable, instead of waiting. */
  readonly failFast: boolean
  readonly completion: Completion
  /** True once the write was sent: until the store answers, its outcome is unknown. */
  sent: boolean
  opId: string
  /** The document at the time of the call: the base of a merge. Loaded at once if it is not cached. */
  readonly baseAtCall: MergeBase | undefined | Promise<MergeBase | undefined>
  /** Runs a callback of the collection or the caller in the async context of the call. */
  readonly runInContext: RunInContext
}

/** Settles the promise of a write's caller. Spelled out, because declarations must compile with the library of ES2023. */
interface Completion {
  readonly promise: Promise<CommitOutcome>
  resolve(outcome: CommitOutcome): void
  reject(error: unknown): void
}

/** A state of a document: a version in the generation known here (`ifVersion`), or a complete state (`ifMatch`). */
export type Precondition = Pick<DocumentState, 'version'> & Partial<DocumentState>

/** Document that a merge is based on. `value` is absent if the document did not exist. */
export interface MergeBase {
  readonly value: JsonObject | undefined
}

/** The writes that share one commit. */
export interface WriteGroup {
  readonly key: string
  /** Returns the writes whose callers still wait. */
  liveWrites(): readonly PendingWrite[]
  /** Rejects one of several combined recipes. The others continue without it. */
  rejectWrite(index: number, error: SyncError): void
}

/** Creates a write that has not been queued. */
export const createPendingWrite = (
  address: DocumentRef,
  operation: WriteOperation,
  options: WriteOptions,
  failFast: boolean,
  baseAtCall: PendingWrite['baseAtCall'],
  runInContext: RunInContext,
): PendingWrite => ({
  address,
  operation: withRecipeIn(runInContext, operation),
  baseAtCall,
  runInContext,
  options,
  precondition: parsePrecondition(options),
  failFast,
  completion: Promise.withResolvers(),
  sent: false,
  opId: options.idempotencyKey ?? '',
})

/** Binds a recipe to its caller's async context, because recipes of several callers can share a commit. */
function withRecipeIn(runInContext: RunInContext, operation: WriteOperation): WriteOperation {
  if (operation.kind !== 'update') return operation
  const { recipe } = operation
  return { kind: 'update', recipe: (draft) => runInContext(() => recipe(draft)) }
}

function parsePrecondition({ ifVersion, ifMatch }: WriteOptions): Precondition | undefined {
  if (ifMatch !== undefined) return decodeETag(ifMatch)
  return ifVersion === undefined ? undefined : { version: ifVersion }
}

/** Creates the error of a write that was sent and got no answer. */
export const outcomeUnknown = ({ opId, address }: PendingWrite, reason: string): OutcomeUnknownError =>
  new OutcomeUnknownError(opId, `the write may have been committed: ${reason}`, { address })

/**
 * Returns the number of writes at the head of a queue that may share one commit: `assign` with `assign`, recipes with
 * recipes.
 *
 * A write is never combined if it has a precondition, an idempotency key or other meta, or assigns a field with a merge
 * strategy.
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
