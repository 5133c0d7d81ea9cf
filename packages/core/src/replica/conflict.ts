import type { JsonObject } from '../model/json.ts'
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
  /** Document on which the write was first based. Absent if it did not exist or was not cached. */
  readonly base?: JsonObject
  readonly baseVersion: number
  /** Document that the write would have produced, if known. */
  readonly local?: JsonObject
  /** Current document. Absent if it does not exist. */
  readonly remote?: JsonObject
  readonly remoteVersion: number
}
