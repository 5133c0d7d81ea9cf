import type { JsonObject } from '../model/json.ts'
import type { ConflictReason } from '../transport/store.ts'

/** A conflict of a write of this instance. */
export interface ConflictReport {
  readonly key: string
  /** What of its expectations did not hold. */
  readonly reason: ConflictReason
  /** Of which field, where it was one field's version. */
  readonly field?: string
  /** From 1: how often this write was tried. */
  readonly attempt: number
  /** The document as the write first found it; absent: there was none, or none was held. */
  readonly base?: JsonObject
  readonly baseVersion: number
  /** The document as the write would have made it, where that is known. */
  readonly local?: JsonObject
  /** The document as it is now; absent: there is none. */
  readonly remote?: JsonObject
  readonly remoteVersion: number
}
