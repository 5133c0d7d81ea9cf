import { OutcomeUnknownError, type SyncError } from '../model/errors.ts'
import type { JsonObject } from '../model/json.ts'
import { type DocumentState, fromToken } from '../model/token.ts'
import type { Write } from './api.ts'
import type { Intent } from './intent.ts'
import type { Outcome } from './outcome.ts'

/** One call of a caller, on its way to the store. */
export interface Job {
  readonly intent: Intent
  readonly options: Write
  /** The state that the document has to be in, if the caller insists on one. */
  readonly only: Only | undefined
  /** Never waits for a store that is away. */
  readonly impatient: boolean
  readonly settled: PromiseWithResolvers<Outcome>
  /** Once sent its outcome is in doubt until there is an answer. */
  sent: boolean
  opId: string
  /** The document as it was held when the call was made: what a merge takes for the common beginning. */
  readonly seen: JsonObject | undefined
}

/** A state of a document: by its version within the life held here, or wholly. */
export type Only = Pick<DocumentState, 'version'> & Partial<DocumentState>

/** The jobs that share one commit. */
export interface Batch {
  readonly key: string
  /** Those that somebody still waits for. */
  live(): readonly Job[]
  /** One of several recipes failed: it goes without it. */
  leaveOut(index: number, error: SyncError): void
}

/** A caller's call, not yet begun. */
export const newJob = (intent: Intent, options: Write, impatient: boolean, seen: JsonObject | undefined): Job => ({
  intent,
  seen,
  options,
  only: onlyOf(options),
  impatient,
  settled: Promise.withResolvers(),
  sent: false,
  opId: options.opId ?? '',
})

function onlyOf({ ifVersion }: Write): Only | undefined {
  if (ifVersion === undefined) return undefined
  return typeof ifVersion === 'string' ? fromToken(ifVersion) : { version: ifVersion }
}

/** The error of a job that was sent and has no answer. */
export const inDoubt = ({ opId }: Job, why: string): OutcomeUnknownError =>
  new OutcomeUnknownError(opId, `${why}: the write may or may not be done`)

/**
 * How many jobs at the head of a queue may share one commit: unconditional ones with each other, recipes with recipes;
 * never one with an expectation, an id or meta of its own, nor one that sets a field with a strategy.
 */
export function combinable(queue: readonly Job[], most: number, merged: (field: string) => boolean): number {
  const [first] = queue
  if (!first || !plain(first, merged)) return queue.length > 0 ? 1 : 0
  let count = 1
  while (count < Math.min(queue.length, most)) {
    const next = queue[count] as Job
    const alike =
      next.intent.kind === first.intent.kind && plain(next, merged) && sameMeta(first.options.meta, next.options.meta)
    if (!alike) break
    count++
  }
  return count
}

function plain({ intent, options }: Job, merged: (field: string) => boolean): boolean {
  if (options.opId !== undefined || options.ifVersion !== undefined) return false
  if (intent.kind === 'update') return true
  return intent.kind === 'set' && !Object.keys(intent.fields).some(merged)
}

function sameMeta(a: Write['meta'], b: Write['meta']): boolean {
  if (a === b) return true
  if (!a || !b) return false
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}
