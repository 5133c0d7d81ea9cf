import { type JsonObject, jsonEqual, memberOf } from '../model/json.ts'
import type { ConflictReason } from '../transport/store.ts'

/** A conflict of one of this instance's writes. */
export interface ConflictReport {
  readonly key: string
  /** The part of the precondition that did not hold. */
  readonly reason: ConflictReason
  /** Name of the field, if the precondition was on its version. */
  readonly field?: string
  /** Number of the attempt, from 1. */
  readonly attempt: number
  /** Names of the fields in which the current document differs from the one that the write was based on, if known. */
  readonly fields?: readonly string[]
  /** Document on which the write was first based. Absent if it did not exist or was not cached. */
  readonly base?: JsonObject
  readonly baseVersion: number
  /** Document that the write would have produced, if known. */
  readonly local?: JsonObject
  /** Current document. Absent if it does not exist. */
  readonly remote?: JsonObject
  readonly remoteVersion: number
}

/** Returns the report without documents, which can be large and personal. */
export function withoutDocuments<R extends ConflictReport>({ base, local, remote, ...rest }: R): Omit<R, DocumentName> {
  return rest
}

/** Returns the names of the fields in which two documents differ. */
export const differingFields = (before: JsonObject, after: JsonObject): readonly string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((field) => {
    const [old, current] = [memberOf(before, field), memberOf(after, field)]
    return old === undefined || current === undefined || !jsonEqual(old, current)
  })

type DocumentName = 'base' | 'local' | 'remote'
