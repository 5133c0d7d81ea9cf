import type { DocumentRef, Scope, SectionRef } from '../model/address.ts'
import type { SyncError } from '../model/errors.ts'
import type { LogPosition } from '../model/position.ts'
import type { SectionDefinition } from '../model/section-definition.ts'
import type { SectionState } from '../versioning/section-state.ts'
import type { InCommitPublisher } from './bus.ts'
import type { EncodedChange } from './wire.ts'

/**
 * The authority: assigns every counter, commits atomically, and keeps documents and a bounded log.
 *
 * In the same atomic step as its work, every call compares the server's identity with the identity recorded in the
 * section, and begins a new epoch on a difference. Values are opaque JSON texts: a store never parses them.
 *
 * A call rejects with a retryable `SyncError` if the store is unavailable. The outcome of a rejected `commit` is then
 * unknown.
 */
export interface Store extends AsyncDisposable {
  /** Guarantees of this store. */
  readonly capabilities: StoreCapabilities
  /**
   * Returns the store that owns a partition, if this store combines several; always the same one for a partition. An
   * instance calls each of these stores independently, so that an unavailable one does not block the others. Closing
   * this store closes them.
   */
  storeFor?(partition: string): Store
  /**
   * Loads documents. Each result is one atomic read of document and section state, also for an absent document. Results
   * are in the order of `refs`.
   */
  load(refs: readonly DocumentRef[]): Promise<LoadResult[]>
  /**
   * Commits each request atomically and independently: a conflict or failure of one does not affect the others. Results
   * are in request order.
   */
  commit(group: readonly CommitRequest[]): Promise<CommitResult[]>
  /**
   * Makes the store publish its commits within the commit from now on, where it can. `CommitResult.published` reports
   * whether it did.
   */
  publishInCommit?(publisher: InCommitPublisher): void
  /** Returns the log's changes of a scope after a position, oldest first, at most `limit`. */
  changesSince(scope: Scope, after: LogPosition, limit: number): Promise<LogPage>
  /**
   * Returns the head of each scope. If a query's `highestSeen` is above the section's sequence in the same epoch, the
   * section has lost its tail, and the store begins a new epoch in the same step.
   */
  heads(queries: readonly HeadQuery[]): Promise<Head[]>
  /** Restarts the TTL of documents, as a read of a sliding section does. Ignores absent documents. */
  touch(refs: readonly TouchRequest[]): Promise<void>
  /**
   * Returns a page of the keys of a section's existing documents, in the order of their code points (the byte order of
   * UTF-8). Keys with lone surrogates may be at any place in that order.
   *
   * The pages of one listing contain each key at most once, and every document that exists from the first page to the
   * last. A document that is created, deleted or re-created in the meantime may be missing: its changes follow the
   * first page's position. The store keeps an index of the keys, so that a page costs no more than its own size.
   */
  keys(section: SectionRef, query: KeyQuery): Promise<KeyPage>
  /** Releases the connection. Later calls reject with `SYNC_CLOSED`. */
  close(): Promise<void>
}

/** Guarantees of a store. The conformance kit verifies each value. */
export interface StoreCapabilities {
  /** Maximum delay of an expiry in ms; `false` if documents never expire. */
  readonly ttl: { readonly granularityMs: number } | false
  /**
   * Strongest failure that an acknowledged commit survives: `process`: the end of this process; `server`: a restart of
   * the server; `replicated`: the loss of one node; `synced`: a power failure. `none`: none of them.
   */
  readonly durability: 'none' | 'process' | 'server' | 'replicated' | 'synced'
  /** Maximum size of a commit request: total bytes of its field texts. */
  readonly maxCommitBytes: number
}

/** One stored document. */
export interface StoredDocument {
  readonly generation: number
  readonly version: number
  /** The document as JSON text. */
  readonly text: string
  /** Version of each present field. */
  readonly fieldVersions: Readonly<Record<string, number>>
  /** Version of every absent field: the highest field version among removed fields, 0 if none was removed. */
  readonly floor: number
  /** Time of the last commit on the store's clock, in ms since 1970. */
  readonly changedAt: number
  /** Remaining time to live in ms as of the answer; absent if the document does not expire. */
  readonly expiresIn?: number
}

/** Result for one loaded document. */
export interface LoadResult {
  readonly state: SectionState
  /** Absent if the document does not exist. */
  readonly document?: StoredDocument
}

/**
 * Precondition of a commit, with the position as of which it was read. The commit conflicts if any part does not hold.
 */
export interface Expectation {
  /**
   * Position of the writer's copy. If it lies above the fork of an ancestor epoch, or in an unknown epoch, the
   * precondition does not hold.
   */
  readonly readAt: LogPosition
  /** Expected generation; 0: the document must be absent. */
  readonly generation?: number
  /** Expected document version within that generation. */
  readonly version?: number
  /** Expected field versions within that generation. */
  readonly fields?: Readonly<Record<string, number>>
  /**
   * With `generation: 0`: the document must not have been deleted since `readAt` either, even while it was absent. A
   * store remembers deletions for at least `TOMBSTONE_MS` by its own clock.
   */
  readonly notDeleted?: boolean
}

/**
 * Minimum time in ms for which a deletion is remembered. A value that was read before the deletion must not be written
 * after it.
 */
export const TOMBSTONE_MS = 300_000

/** One encoded field of a commit request. The store assembles the published change from these parts. */
export interface FieldWrite {
  readonly field: string
  /** New value as JSON text; absent: the field is removed. */
  readonly whole?: string
  /** Delta as text (`encodeOps`). Valid only if the stored field has version `base` in the expected generation. */
  readonly delta?: { readonly ops: string; readonly base: number }
}

/** One write of one document. */
export interface CommitRequest {
  readonly ref: DocumentRef
  readonly op: OpId
  /** Epoch of the writer. The store answers `stale-epoch` if the section is in another one. */
  readonly epoch: string
  /** Id of the instance that writes. */
  readonly origin: string
  /** Precondition; absent: the commit is unconditional. */
  readonly expect?: Expectation
  /** `delete`: deletes the document. `write`: writes `fields`. */
  readonly action: 'write' | 'delete'
  /** Fields to write, each at most once. Empty for `delete`. */
  readonly fields: readonly FieldWrite[]
  /** Whether a `write` keeps or removes the fields that it does not name. */
  readonly otherFields: 'keep' | 'remove'
  /** Whether the commit may create the document. If not, an absent document is a conflict. */
  readonly allowCreate: boolean
  /** Time to live in ms, restarted by this commit; absent: the document does not expire. */
  readonly ttl?: number
  /** Strings that travel with the change. Not part of the document. */
  readonly meta?: Readonly<Record<string, string>>
  /**
   * The writer's definition of the section. The store rejects the commit if `subscribeBy` differs from the recorded
   * value, and records the digest with the commit.
   */
  readonly definition?: SectionDefinition
}

/** Identifies a write across retries, conflicts and rejections. */
export interface OpId {
  /** The idempotency key, or an id that the writer generated. */
  readonly id: string
  /** 1 for the first content sent under this id, incremented for each content rebuilt after a conflict. */
  readonly attempt: number
  /** Epoch and `opResultCount` of the section when the id was created. */
  readonly idOrigin: { readonly epoch: string; readonly opResultCount: number }
  /**
   * Whether the id is a caller's idempotency key. The store remembers such ids per document and by time, so that they
   * outlive the writer.
   */
  readonly isCallerGiven?: boolean
}

/** Reason for a conflict. */
export type ConflictReason = 'absent' | 'exists' | 'deleted' | 'generation' | 'version' | 'field'

/** Generation and version of a document as of the answer; generation 0: the document is absent. */
export interface CurrentVersions {
  readonly generation: number
  readonly version: number
}

/** Result of one commit request. */
export type CommitResult = { readonly state: SectionState } & (
  | {
      readonly status: 'committed'
      readonly change: EncodedChange
      readonly generation: number
      readonly version: number
      readonly existed: boolean
      /**
       * Whether the change was published within the commit, or a relay of the store publishes it. The writer then does
       * not publish.
       */
      readonly published?: boolean
    }
  | { readonly status: 'unchanged'; readonly current: CurrentVersions }
  | {
      readonly status: 'conflict'
      readonly reason: ConflictReason
      readonly field?: string
      readonly current: CurrentVersions
    }
  /** The writer is in another epoch. It catches up and sends the request again under the same id. */
  | { readonly status: 'stale-epoch' }
  /** The section's recorded `subscribeBy` differs (see `state.definition`). The request was not executed. */
  | { readonly status: 'definition-mismatch' }
  /**
   * The op id is unknown, and older than the op memory: an earlier attempt may have been executed. This request was
   * not.
   */
  | { readonly status: 'op-expired' }
  /** Only this request failed. */
  | { readonly status: 'failed'; readonly error: SyncError }
)

/** One page of the log. */
export interface LogPage {
  /** Section state as of the page. */
  readonly state: SectionState
  /**
   * `page`: `changes` contains every change of the scope in (after, upTo]. `truncated`: the log no longer contains the
   * changes after `after`. `unknown-position`: `after` is not part of this history.
   */
  readonly status: 'page' | 'truncated' | 'unknown-position'
  readonly changes: readonly EncodedChange[]
  /** Sequence up to which the page is complete; equals the requested sequence unless `status` is `page`. */
  readonly upTo: number
}

/** Request for a scope's head. */
export interface HeadQuery {
  readonly scope: Scope
  /** Highest position that the caller has received or been acknowledged; absent if none. */
  readonly highestSeen?: LogPosition
}

/** Head of a scope. */
export interface Head {
  readonly state: SectionState
  /** Versions of the document, for a document scope; generation 0: absent. */
  readonly document?: CurrentVersions
}

/** Request for a page of a section's keys. */
export interface KeyQuery {
  /** Restricts the listing to keys that begin with these UTF-16 code units. Absent or empty: all keys. */
  readonly prefix?: string
  /** `cursor` of the previous page; absent: the first page. The cursor's document may no longer exist. */
  readonly after?: string
  /** Maximum number of keys, at least 1. */
  readonly limit: number
}

/** One page of a section's keys. */
export interface KeyPage {
  /** Section state as of the page. */
  readonly state: SectionState
  /** Keys of existing documents, in order. Can be empty although more pages follow. */
  readonly keys: readonly string[]
  /** The last key that the store looked at, from which the next page continues. Absent: this is the last page. */
  readonly cursor?: string
}

/** Request to restart a document's TTL. */
export interface TouchRequest {
  readonly ref: DocumentRef
  /** New time to live in ms. */
  readonly ttl: number
}
