import type { DocumentRef, Scope, SectionRef } from '../model/address.ts'
import type { SyncError } from '../model/errors.ts'
import type { LogPosition } from '../model/position.ts'
import type { SectionDefinition } from '../model/section-definition.ts'
import type { SectionState } from '../versioning/section-state.ts'
import type { InCommitPublisher } from './bus.ts'
import type { EncodedChange } from './wire.ts'

/**
 * The authority: assigns versions, commits atomically, keeps state and a bounded log.
 *
 * Every call compares, in the same atomic step as its work, the server's identity with the one noted in the section, and
 * mints a new epoch on a difference. Values are opaque JSON texts to a store: it never parses them.
 * A call that could not be answered rejects with a retryable `SyncError` (its outcome is then unknown).
 */
export interface Store extends AsyncDisposable {
  readonly capabilities: StoreCapabilities
  /**
   * Of a store that is several: the one which has a partition, always the same. An instance calls each of them by itself, so
   * that one which is away holds up no other. It is closed by this one.
   */
  storeFor?(partition: string): Store
  /** Reads documents; each is one instant: state and standing, also when absent. Answers in order. */
  load(refs: readonly DocumentRef[]): Promise<LoadResult[]>
  /** Each request is atomic by itself and stands alone: answered in order, a conflict or error of one leaves the others. */
  commit(group: readonly CommitRequest[]): Promise<CommitResult[]>
  /** Publishes this store's commits itself from now on, within the commit, as far as it can; see `published` of an answer. */
  publishInCommit?(publisher: InCommitPublisher): void
  /** The changes of a section or document after a place, oldest first, `limit` of them at most. */
  changesSince(scope: Scope, after: LogPosition, limit: number): Promise<LogPage>
  /** Where each scope stands; a caller that was shown more than the section has proves a lost tail, and a new epoch is minted. */
  heads(queries: readonly HeadQuery[]): Promise<Head[]>
  /** Starts the TTL of these documents again, as a read of a sliding section does. Absent ones are passed over. */
  touch(refs: readonly TouchRequest[]): Promise<void>
  /** The keys of the section's documents, each at least once; one that comes or goes meanwhile may be missed. */
  keys(
    section: SectionRef,
    options?: { readonly prefix?: string; readonly signal?: AbortSignal },
  ): AsyncIterable<string>
  close(): Promise<void>
}

/** What a store can do, as values that the conformance kit holds it to. */
export interface StoreCapabilities {
  /** How late at most a document expires, in ms; `false`: documents never expire. */
  readonly ttl: { readonly granularityMs: number } | false
  /** What an acknowledged commit survives: the end of this process, of the server, of one node, of the machine's power. */
  readonly durability: 'none' | 'process' | 'server' | 'replicated' | 'synced'
  /** The largest commit request, in bytes of its field texts. */
  readonly maxCommitBytes: number
}

/** One document as a store keeps it. */
export interface StoredDocument {
  readonly generation: number
  readonly version: number
  /** The document, one JSON object, as text. */
  readonly text: string
  /** Each present field's own version. */
  readonly fieldVersions: Readonly<Record<string, number>>
  /** The version of every absent field: the highest counter of a removed one, 0 if none was ever removed. */
  readonly floor: number
  /** The store's clock at the last commit, ms since 1970. */
  readonly changedAt: number
  /** Milliseconds left to live as of the answer; absent: it does not expire. */
  readonly expiresIn?: number
}

/** The answer to one loaded reference. */
export interface LoadResult {
  readonly state: SectionState
  readonly document?: StoredDocument
}

/** What a commit takes for granted, and as of when that was read. The store conflicts when one of it does not hold. */
export interface Expectation {
  /** Where the writer's copy stood: in an ancestor epoch beyond its fork nothing expected holds. */
  readonly readAt: LogPosition
  /** The document's life; 0: it must be absent. */
  readonly generation?: number
  /** The document's version within that life. */
  readonly version?: number
  /** Versions of single fields within that life. */
  readonly fields?: Readonly<Record<string, number>>
  /**
   * With `generation: 0`: nor was it deleted since `readAt`, be it while it was absent. A store remembers deletions for
   * `TOMBSTONE_MS` at least, by its own clock.
   */
  readonly notDeleted?: boolean
}

/** How long a deletion is remembered at the least: what began to be read before it must not be written after it. */
export const TOMBSTONE_MS = 300_000

/** One field of a commit request, encoded: the store joins the pieces into the change that travels. */
export interface FieldWrite {
  readonly field: string
  /** The new value as JSON text; absent: the field is removed. */
  readonly whole?: string
  /** The inner patch as text (see the codec), usable only where the stored field is at `base` in the expected life. */
  readonly delta?: { readonly ops: string; readonly base: number }
}

/** One write to one document. */
export interface CommitRequest {
  readonly ref: DocumentRef
  readonly op: OpId
  /** The epoch its writer is in: another one of the section refuses it. */
  readonly epoch: string
  readonly origin: string
  readonly expect?: Expectation
  /** `delete`: the document goes. `write`: `fields` are written; `others` says what becomes of those not named. */
  readonly action: 'write' | 'delete'
  readonly fields: readonly FieldWrite[]
  readonly otherFields: 'keep' | 'remove'
  /** May an absent document come into being? If not, absence is a conflict. */
  readonly allowCreate: boolean
  /** Time to live in ms, started again by this commit; absent: for ever. */
  readonly ttl?: number
  readonly meta?: Readonly<Record<string, string>>
  /** How its writer defines the section. Another `follow` than the noted one refuses it; the digest is noted once it commits. */
  readonly definition?: SectionDefinition
}

/** Names a write (not the attempt): the same over retries, conflicts and refusals. */
export interface OpId {
  readonly id: string
  /** 1 for the first content sent under this id; +1 for each rebuilt after a conflict. */
  readonly attempt: number
  /** The section's answer count when the id was made, and the epoch in which it was told. */
  readonly idOrigin: { readonly epoch: string; readonly opResultCount: number }
  /** Given by the caller: remembered by time, per document, so that it outlives the writer. */
  readonly isCallerGiven?: boolean
}

/** Why a commit conflicts. */
export type ConflictReason = 'absent' | 'exists' | 'deleted' | 'generation' | 'version' | 'field'

/** The document's versions as of a commit's answer; generation 0: absent. */
export interface CurrentVersions {
  readonly generation: number
  readonly version: number
}

/** The answer to one commit request. */
export type CommitResult = { readonly state: SectionState } & (
  | {
      readonly status: 'committed'
      readonly change: EncodedChange
      readonly generation: number
      readonly version: number
      readonly existed: boolean
      /** It was sent within the commit, or a relay of the store sends it: its writer does not publish it. */
      readonly published?: boolean
    }
  | { readonly status: 'unchanged'; readonly current: CurrentVersions }
  | {
      readonly status: 'conflict'
      readonly reason: ConflictReason
      readonly field?: string
      readonly current: CurrentVersions
    }
  /** The writer is in another epoch: catch up, send again under the same id. */
  | { readonly status: 'stale-epoch' }
  /** The section is followed in another way than its writer says (see `standing.definition`). Never executed. */
  | { readonly status: 'definition-mismatch' }
  /** The op id is unknown and older than the memory: it may or may not have been done. Never executed. */
  | { readonly status: 'op-expired' }
  /** This request alone cannot be served. */
  | { readonly status: 'failed'; readonly error: SyncError }
)

/** A piece of the log. */
export interface LogPage {
  /** The head it speaks for. */
  readonly state: SectionState
  /** `page`: `changes` are all of the scope in (after, upTo]. `truncated`: the log no longer reaches `after`. `elsewhere`: `after` is not in this history. */
  readonly status: 'page' | 'truncated' | 'unknown-position'
  readonly changes: readonly EncodedChange[]
  readonly upTo: number
}

/** What is asked of a scope's head, with the highest sequence ever shown to the asker. */
export interface HeadQuery {
  readonly scope: Scope
  readonly highestSeen?: LogPosition
}

/** Where a scope stands. */
export interface Head {
  readonly state: SectionState
  /** For the scope of one document: its versions; generation 0: absent. */
  readonly document?: CurrentVersions
}

/** A document whose TTL begins again. */
export interface TouchRequest {
  readonly ref: DocumentRef
  readonly ttl: number
}
