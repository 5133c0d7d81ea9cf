import type { SectionRef } from '../model/address.ts'
import type { Duration } from '../model/duration.ts'
import type { SyncError } from '../model/errors.ts'
import type { ETag } from '../model/etag.ts'
import type { Operation } from '../model/operation.ts'
import type { Position } from '../model/position.ts'
import type { Field, FieldValue, Frozen, FrozenValue, PartialDocument } from './document.ts'

/**
 * Bounds of a caller's wait. A call that only reads, or has not been sent, rejects with `SYNC_TIMEOUT` or
 * `SYNC_ABORTED`. A write that was sent still completes; its call rejects with `SYNC_OUTCOME_UNKNOWN`.
 */
export interface CallOptions {
  /** Ends the wait when it aborts. */
  readonly signal?: AbortSignal
  /** Maximum wait. Default: no limit. */
  readonly timeout?: Duration
}

/** Options of a write. */
export interface WriteOptions extends CallOptions {
  /** Writes only if the cached document is at this version; otherwise rejects with `SYNC_CONFLICT`. */
  readonly ifVersion?: number | undefined
  /**
   * Writes only if the document is in exactly the state that an entry's `etag` identifies; otherwise rejects with
   * `SYNC_CONFLICT`. Unlike a version, an ETag stays valid outside this process. A re-created document has a different
   * one.
   */
  readonly ifMatch?: ETag | undefined
  /**
   * Caller's name for this write, such as a message id. A repeat with the same key, from any instance, returns the
   * first result. Default: a new id.
   */
  readonly idempotencyKey?: string
  /** Strings that travel with the change: actor, ticket, trace context. Watchers receive them as `meta`. */
  readonly meta?: Readonly<Record<string, string>>
}

/** Result of a write. */
export interface WriteResult {
  /** Version of the document after the write. */
  readonly version: number
  /**
   * Position of the section that includes this write. `get(key, { after: position })` on another instance reads at
   * least this state.
   */
  readonly position: Position
  /** False if the document already had the requested content, so that nothing was committed. */
  readonly changed: boolean
}

/** A document with its versions and position. */
export interface Entry<T> {
  readonly value: Frozen<T>
  /** Number of commits to the document since it was created. */
  readonly version: number
  /** Identifies this state of the document. Usable as the `ifMatch` option and in the HTTP headers `ETag` and `If-Match`. */
  readonly etag: ETag
  /** Version of each present field. */
  readonly fieldVersions: { readonly [K in Field<T>]?: number }
  /** Position of the section as of this copy. */
  readonly position: Position
  /** Time of the last change by the store's clock, in ms since 1970. */
  readonly changedAt: number
  /** Time at which this copy expires unless it is renewed, in ms since 1970. Absent if it never expires. */
  readonly expiresAt?: number
  /** True if the store or the bus is unavailable, so that this copy may be old. */
  readonly stale: boolean
}

/**
 * Result of `compareAndSet`. If `ok` is false, `fieldVersion` and `value` are the field's current version and value.
 */
export type CompareAndSetResult<V> =
  | { readonly ok: true; readonly fieldVersion: number }
  | { readonly ok: false; readonly fieldVersion: number; readonly value: FrozenValue<V> | undefined }

type Delta<T> = { readonly fields: readonly Field<T>[]; readonly patch: readonly Operation[] }

/** A change as a watcher receives it. `commits` is the number of commits that it combines. */
export type Change<T> = {
  readonly key: string
  /** The document's version after the change. */
  readonly version: number
  /** Position after this change: every change up to and including it has been emitted. */
  readonly position: Position
  readonly commits: number
  /** Time of the commit by the store's clock, in ms since 1970. */
  readonly at: number
  readonly meta?: Readonly<Record<string, string>>
} & (
  | { readonly kind: 'created'; readonly value: Frozen<T> }
  | ({ readonly kind: 'changed'; readonly value: Frozen<T>; readonly previous: Frozen<T> } & Delta<T>)
  /** A change of a document that is not cached: only the changed fields are known. */
  | ({ readonly kind: 'delta' } & Delta<T>)
  /** The document's whole value, in place of changes that were not observed one by one. */
  | { readonly kind: 'reset'; readonly value: Frozen<T>; readonly reason: ResetReason }
  | { readonly kind: 'removed'; readonly reason: RemovedReason }
)

/** A change of any collection, for code that handles every type of document: a log, a gateway. */
// biome-ignore lint/suspicious/noExplicitAny: only `any` accepts every document type in both directions
export type AnyChange = Change<any>

/** A change of a stream with `values: true`: every kind except `removed` has the document's value. */
export type ChangeWithValue<T> = Exclude<Change<T>, { readonly kind: 'delta' }>

/**
 * Reason for a `reset`:
 * - `snapshot`: the stream begins with a snapshot.
 * - `epoch`: the store's history continues in another epoch.
 * - `log-truncated`: the log no longer has the changes in between.
 * - `overflow`: the watcher was too slow, and the waiting changes were dropped.
 * - `loaded`: the stream has `values: true`, and the document was not cached when it changed.
 */
export type ResetReason = 'snapshot' | 'epoch' | 'log-truncated' | 'overflow' | 'loaded'

/** Reason for a `removed`. `lost`: the store lost the history that contained the document. */
export type RemovedReason = 'deleted' | 'expired' | 'lost'

/**
 * Changes in order, with the position after them. A batch without changes reports a newer position, because the section
 * has changed outside this stream's filter, or that the stream is synced.
 */
export interface ChangeBatch<C> extends ReadonlyArray<C> {
  /**
   * Position to save when the batch is processed: a stream that resumes after it has no hole. While a snapshot is
   * incomplete, it leads to the snapshot's beginning.
   */
  readonly position: Position
  /** Set when the stream has emitted everything that existed at its start, or at its last restart. */
  readonly synced: SyncedBy | undefined
}

/**
 * Way in which a stream became synced:
 * - `snapshot`: it emitted a `reset` for each existing document. A document without one does not exist.
 * - `log`: it emitted the changes after the saved position.
 */
export type SyncedBy = 'snapshot' | 'log'

/** Options of a change stream. */
export interface ChangesOptions<T> {
  /** Restricts the stream to this document. */
  readonly key?: string
  /** Restricts the stream to documents whose key begins with this string. */
  readonly prefix?: string
  /** Restricts the stream to changes of these fields. Creations, resets and removals are always emitted. */
  readonly fields?: readonly Field<T>[]
  /**
   * Start of the stream. `now` (default): changes from the call onwards. `snapshot`: a `reset` for each existing
   * document, then changes. `after`: the changes after a saved position.
   */
  readonly from?: 'now' | 'snapshot' | { readonly after: Position }
  /**
   * End of the stream. `stopped` (default): when `signal` aborts, the consumer stops or the instance closes. `now`:
   * also once the stream has emitted everything that the store contained at the call.
   */
  readonly until?: 'stopped' | 'now'
  /** Maximum number of changes per batch. Default 50. */
  readonly maxBatch?: number
  /**
   * Whether every change contains the document's value. Default false. A change of a document that is not cached is
   * then emitted as a `reset` with the reason `loaded`, which costs one load.
   * The value is the one at the change's `version`. It contains later changes up to that version, which are not emitted
   * again.
   */
  readonly values?: boolean
  /** Whether changes that wait for the consumer are combined per document. Default true. */
  readonly combine?: boolean
  /** Ends the stream when it aborts. */
  readonly signal?: AbortSignal
}

/** The outcome of one row of an import. */
export interface ImportedRow {
  readonly key: string
  /** Error of a row that was not written; absent if it was. */
  readonly error?: SyncError
}

/** Options of {@link Collection.importMany}. */
export interface ImportOptions extends CallOptions {
  /** Called with the outcome of each row, in order of completion. While it is pending, its row counts as in flight. */
  readonly onRow?: (row: ImportedRow) => void | Promise<void>
}

/** The totals of an import. */
export interface ImportResult {
  /** Rows that were written. */
  readonly imported: number
  /** Rows that were not written; {@link ImportOptions.onRow} receives their errors. */
  readonly failed: number
}

/**
 * Typed handle on one section of one partition.
 *
 * Values are frozen and structurally shared. A call loads a document that is not cached before it uses it. Any call can
 * reject with `SYNC_CLOSED`; with a `timeout` or `signal` also with `SYNC_TIMEOUT` or `SYNC_ABORTED`.
 */
export interface Collection<T> {
  /** Partition and section of the collection. */
  readonly ref: SectionRef
  /**
   * Resolves when the instance receives every change of the section; with `replicate: 'all'`, when the whole section is
   * cached.
   */
  ready(options?: CallOptions): Promise<void>
  /**
   * Returns the document, or `undefined` if it does not exist. With `after`, the result is at least as new as that
   * position.
   * @throws PositionError (`SYNC_POSITION`) if `after` is not a position; SourceError (`SYNC_SOURCE`) if the
   * collection's `source` fails
   */
  get(key: string, options?: CallOptions & { readonly after?: Position }): Promise<Frozen<T> | undefined>
  /** Returns the cached document synchronously, or `undefined` if it is not cached or does not exist. */
  peek(key: string): Frozen<T> | undefined
  /** Returns the document with its versions, or `undefined` if it does not exist. */
  getEntry(key: string, options?: CallOptions): Promise<Entry<T> | undefined>
  /** Returns the documents that exist, by key. */
  getMany(keys: readonly string[], options?: CallOptions): Promise<ReadonlyMap<string, Frozen<T>>>
  /**
   * Drops this instance's replica of a document, a cached absence included. The store and other instances keep the
   * document, and the next read loads it again.
   *
   * A document that must stay cached is reloaded instead: one that is watched, being read or being written, or any
   * document with `replicate: 'all'`. The promise resolves when the reload completes.
   */
  evict(key: string, options?: CallOptions): Promise<void>
  /**
   * Iterates over all documents, or those whose key begins with `prefix`, each as it is when the iteration reaches it.
   * Documents that are not cached are read from the store and not cached. A document that is created or deleted during
   * the iteration may be missed.
   */
  entries(options?: CallOptions & { readonly prefix?: string }): AsyncIterable<readonly [string, Entry<T>]>
  /**
   * Writes the given fields and keeps the others. Creates the document from them if neither the store nor the
   * collection's `source` has it.
   * @throws ConflictError (`SYNC_CONFLICT`) if `ifVersion` or `ifMatch` does not hold
   * @throws NotFoundError (`SYNC_NOT_FOUND`) if the document was cached at the call and is gone at the commit
   * @throws RejectedError (`SYNC_REJECTED`) if the schema, a merge strategy or `onConflict` rejects the result
   */
  assign(key: string, fields: PartialDocument<T>, options?: WriteOptions): Promise<WriteResult>
  /**
   * Writes the whole document and removes fields that it does not contain, except those that the collection's schema
   * does not know. Creates the document if it does not exist.
   * @throws ConflictError (`SYNC_CONFLICT`) if `ifVersion` or `ifMatch` does not hold
   * @throws RejectedError (`SYNC_REJECTED`) if the schema or `onConflict` rejects the document
   */
  set(key: string, document: T | Frozen<T>, options?: WriteOptions): Promise<WriteResult>
  /**
   * Creates the document if neither the store nor the collection's `source` has it. Otherwise returns the existing one, with `created: false`.
   * @throws ConflictError (`SYNC_CONFLICT`) if other writers keep creating and deleting the document
   */
  create(
    key: string,
    document: T | Frozen<T>,
    options?: WriteOptions,
  ): Promise<{ readonly created: boolean; readonly entry: Entry<T> }>
  /**
   * Edits a draft of the document with a recipe. If another writer commits first, the recipe runs again on the newer
   * value, so it must be synchronous and free of side effects. It may return a whole document in place of the draft.
   * @throws NotFoundError (`SYNC_NOT_FOUND`) if the document does not exist
   * @throws RejectedError (`SYNC_REJECTED`) if the recipe throws, or the schema or `onConflict` rejects the result
   */
  update(key: string, recipe: (draft: T) => T | void, options?: WriteOptions): Promise<WriteResult>
  /**
   * Writes one field if its version equals `expectedVersion`; 0 means that the field was never set. Never waits for an
   * unavailable store: rejects with `SYNC_STORE_UNAVAILABLE`.
   */
  compareAndSet<K extends Field<T>>(
    key: string,
    field: K,
    value: FrozenValue<FieldValue<T, K>>,
    options: WriteOptions & { readonly expectedVersion: number },
  ): Promise<CompareAndSetResult<FieldValue<T, K>>>
  /**
   * Applies a JSON Patch (RFC 6902) completely or not at all. If another writer commits first, the patch is applied to
   * the newer document, unless an array on its paths has changed: an index does not identify an element.
   * @throws PatchError (`SYNC_PATCH`) if an operation does not apply
   * @throws ConflictError (`SYNC_CONFLICT`) if an array on its paths has changed
   * @throws NotFoundError (`SYNC_NOT_FOUND`) if the document does not exist
   */
  patch(key: string, ops: readonly Operation[], options?: WriteOptions): Promise<WriteResult>
  /**
   * Removes fields. Removing a field that the document does not have is a no-op.
   * @throws NotFoundError (`SYNC_NOT_FOUND`) if the document does not exist
   */
  unset(key: string, fields: readonly Field<T>[], options?: WriteOptions): Promise<WriteResult>
  /** Deletes the document from the store, not from the `source`. Resolves with false if the store did not have it. */
  delete(key: string, options?: WriteOptions): Promise<boolean>
  /**
   * Writes many documents, each like `assign`, with at most 1,000 in flight. Starts at once, and reads `rows` no faster
   * than the store accepts them. A row that fails does not stop the others. `timeout` limits each row.
   *
   * Rows in flight still complete after the promise rejects.
   * @throws AbortedError (`SYNC_ABORTED`) if `signal` aborts
   * @throws ArgumentError (`SYNC_ARGUMENT`) for a row that is not a pair of a key and a document
   * @throws any error from `rows` or `onRow`
   */
  importMany(
    rows: Iterable<readonly [string, T | Frozen<T>]> | AsyncIterable<readonly [string, T | Frozen<T>]>,
    options?: ImportOptions,
  ): Promise<ImportResult>
  /**
   * Returns a change stream: batches of changes in order, each change once or combined with others. The buffer is
   * bounded; changes that exceed it are replaced by a `reset`. A quiet stream emits an empty batch with its position, at
   * most every five seconds.
   * @throws ArgumentError (`SYNC_ARGUMENT`) for a stream over the whole section with `subscribeBy: 'document'`
   * @throws PositionError (`SYNC_POSITION`) if `after` is not a position
   */
  changes(options: ChangesOptions<T> & { readonly values: true }): AsyncIterable<ChangeBatch<ChangeWithValue<T>>>
  changes(options?: ChangesOptions<T>): AsyncIterable<ChangeBatch<Change<T>>>
  /**
   * Returns the changes of one document that this instance received in the last hour, oldest first and uncombined:
   * `created`, `delta` and `removed`. Changes from before the instance subscribed, or beyond
   * `cache.recentChangesChars`, are not included.
   */
  recentChanges(key: string): readonly Change<T>[]
  /**
   * Calls `listener` for each change of one document from now on, without awaiting it. If it throws or rejects, the
   * instance emits an `error` event. Returns an unsubscribe function.
   */
  subscribe(key: string, listener: (change: Change<T>) => void): () => void
}

/** A collection of any type of documents. */
// biome-ignore lint/suspicious/noExplicitAny: only `any` accepts every document type in both directions
export type AnyCollection = Collection<any>
