import type { SectionRef } from '../model/address.ts'
import type { Duration } from '../model/duration.ts'
import type { SyncError } from '../model/errors.ts'
import type { ETag } from '../model/etag.ts'
import type { Operation } from '../model/operation.ts'
import type { Position } from '../model/position.ts'
import type { Field, FieldValue, Frozen, PartialDocument } from './document.ts'

/** How long a caller is willing to wait. Its end ends the wait, not a write already sent (`SYNC_OUTCOME_UNKNOWN`). */
export interface CallOptions {
  readonly signal?: AbortSignal
  readonly timeout?: Duration
}

/** Options of a write. */
export interface WriteOptions extends CallOptions {
  /** Writes only if the cached document is at this version; otherwise rejects with `SYNC_CONFLICT`. */
  readonly ifVersion?: number | undefined
  /**
   * Writes only if the document is in exactly the state that an entry's `etag` identifies; otherwise rejects with
   * `SYNC_CONFLICT`. Unlike a version, an ETag stays valid outside this process, and a re-created document has another one.
   */
  readonly ifMatch?: ETag | undefined
  /**
   * The caller's name for this write, such as a message id. A repeat with the same key, from any instance, returns the first
   * result. Default: a new id.
   */
  readonly idempotencyKey?: string
  /** Travels with the change: actor, ticket, trace context. */
  readonly meta?: Readonly<Record<string, string>>
}

/** What a write did. */
export interface WriteResult {
  /** The document's version. */
  readonly version: number
  /** Where the section stands with it: `get(key, { after })` elsewhere reads it. */
  readonly position: Position
  /** False: everything was as wanted already. */
  readonly changed: boolean
}

/** A document with its versions. */
export interface Entry<T> {
  readonly value: Frozen<T>
  readonly version: number
  /** Identifies this state of the document. Usable as the `ifMatch` option and in the HTTP headers `ETag` and `If-Match`. */
  readonly etag: ETag
  readonly fieldVersions: { readonly [K in Field<T>]?: number }
  readonly position: Position
  /** The store's clock at the last change, ms since 1970. */
  readonly changedAt: number
  /** When this copy lapses unless it is renewed, ms since 1970; absent: never. */
  readonly expiresAt?: number
  /** The store cannot be reached: this may be old. */
  readonly stale: boolean
}

/** The answer to `compareAndSet`. Lost: the field's present version and value. */
export type CompareAndSetResult<V> =
  | { readonly ok: true; readonly fieldVersion: number }
  | { readonly ok: false; readonly fieldVersion: number; readonly value: Frozen<V> | undefined }

type Delta<T> = { readonly fields: readonly Field<T>[]; readonly patch: readonly Operation[] }

/** What a watcher is told. `commits` counts the commits it combines. */
export type Change<T> = {
  readonly key: string
  readonly version: number
  readonly position: Position
  readonly commits: number
  /** The store's clock, ms since 1970. */
  readonly at: number
  readonly meta?: Readonly<Record<string, string>>
} & (
  | { readonly kind: 'created'; readonly value: Frozen<T> }
  | ({ readonly kind: 'changed'; readonly value: Frozen<T>; readonly previous: Frozen<T> } & Delta<T>)
  /** The document is not held here: only what changed is known. */
  | ({ readonly kind: 'delta' } & Delta<T>)
  /** A jump to this value: changes in between were not seen one by one. */
  | { readonly kind: 'reset'; readonly value: Frozen<T>; readonly reason: ResetReason }
  | { readonly kind: 'removed'; readonly reason: RemovedReason }
)

/** Why a watcher gets a whole value in place of changes. */
export type ResetReason = 'snapshot' | 'epoch' | 'log-truncated' | 'overflow'

/** Why a document went. `lost`: the store lost the history in which it was. */
export type RemovedReason = 'deleted' | 'expired' | 'lost'

/** Options of a stream of changes. */
export interface ChangesOptions<T> {
  /** Only this document. */
  readonly key?: string
  /** Only documents whose key begins so. */
  readonly prefix?: string
  /** Only changes of these fields (creations, resets and removals always). */
  readonly fields?: readonly Field<T>[]
  /** Where to begin. `now` (default); `snapshot`: first a `reset` for each document there is; `after`: a saved position. */
  readonly from?: 'now' | 'snapshot' | { readonly after: Position }
  /**
   * When to end. `stopped` (default): when `signal` aborts, the caller stops or the instance closes. `now`: also when all has
   * been told that the store held at the call.
   */
  readonly until?: 'stopped' | 'now'
  /** The most changes in one batch. Default 50. */
  readonly maxBatch?: number
  /** Changes that waited are combined per document. Default true. */
  readonly combine?: boolean
  readonly signal?: AbortSignal
}

/** The outcome of one row of an import. */
export interface ImportedRow {
  readonly key: string
  /** Why the row was not written; absent if it was. */
  readonly error?: SyncError
}

/** Options of {@link Collection.importMany}. */
export interface ImportOptions extends CallOptions {
  /** Called with the outcome of each row, in order of completion. While it is pending, its row counts as in flight. */
  readonly onRow?: (row: ImportedRow) => void | Promise<void>
}

/** The totals of an import. */
export interface ImportResult {
  readonly imported: number
  /** Rows that were not written; {@link ImportOptions.onRow} receives their errors. */
  readonly failed: number
}

/**
 * A typed handle on one section of one partition.
 *
 * Values are frozen and structurally shared. Reads and writes of an absent or unheld key load it first where they need it.
 * Any call may reject with `SYNC_CLOSED`; with a `timeout` or `signal` also with `SYNC_TIMEOUT` or `SYNC_ABORTED`.
 */
export interface Collection<T> {
  /** The section and partition that it is a handle on. */
  readonly ref: SectionRef
  /** Resolves when the section is followed (and, with `replicate: 'all'`, held). */
  ready(options?: CallOptions): Promise<void>
  /** The document; `undefined`: there is none. `after`: at least as new as that position. */
  get(key: string, options?: CallOptions & { readonly after?: Position }): Promise<Frozen<T> | undefined>
  /** What is held of it right now, synchronously; `undefined`: not held, or there is none. */
  peek(key: string): Frozen<T> | undefined
  /** The document with its versions. */
  getEntry(key: string, options?: CallOptions): Promise<Entry<T> | undefined>
  /** Several documents; those that do not exist are left out. */
  getMany(keys: readonly string[], options?: CallOptions): Promise<ReadonlyMap<string, Frozen<T>>>
  /**
   * Lets go of what is held here of a document, absence and its source's too, and of nothing else: the store and other
   * instances keep it. The next read asks the store. What has to stay (watched, being read or written, `replicate: 'all'`) is
   * loaded anew in its place; the promise resolves when that is done.
   */
  evict(key: string, options?: CallOptions): Promise<void>
  /**
   * All documents (with `prefix`: whose key begins so), as they are when their turn comes. What is not held is read from the
   * store and not held afterwards. One made or removed meanwhile may be missed.
   */
  entries(options?: CallOptions & { readonly prefix?: string }): AsyncIterable<readonly [string, Entry<T>]>
  /**
   * Writes the named fields; others stay. An absent document is created from them.
   * @throws RejectedError, NotFoundError (a document held here is gone), ConflictError (`ifVersion`)
   */
  assign(key: string, fields: PartialDocument<T>, options?: WriteOptions): Promise<WriteResult>
  /** Writes the whole document: fields that it lacks go. */
  set(key: string, document: Frozen<T>, options?: WriteOptions): Promise<WriteResult>
  /** Writes the document only if there is none; else answers with the one there is. */
  create(
    key: string,
    document: Frozen<T>,
    options?: WriteOptions,
  ): Promise<{ readonly created: boolean; readonly entry: Entry<T> }>
  /**
   * Changes the document by a recipe on a draft. Never blind: runs again on the newer value when another writer was first.
   * @throws NotFoundError if there is no document
   */
  update(key: string, recipe: (draft: T) => T | void, options?: WriteOptions): Promise<WriteResult>
  /** Compare and set of one field. `expectedVersion: 0`: the field was never set. Does not wait for a store that is away. */
  compareAndSet<K extends Field<T>>(
    key: string,
    field: K,
    value: Frozen<FieldValue<T, K>>,
    options: WriteOptions & { readonly expectedVersion: number },
  ): Promise<CompareAndSetResult<FieldValue<T, K>>>
  /**
   * Applies a JSON Patch (RFC 6902), all of it or none. If another writer was first it is applied to the newer document,
   * unless an array on its paths has changed: an index is not an identity.
   * @throws PatchError (`SYNC_PATCH`), ConflictError, NotFoundError if there is no document
   */
  patch(key: string, ops: readonly Operation[], options?: WriteOptions): Promise<WriteResult>
  /** Removes fields. Never creates a document. */
  unset(key: string, fields: readonly Field<T>[], options?: WriteOptions): Promise<WriteResult>
  /** Removes the document. False: there was none. */
  delete(key: string, options?: WriteOptions): Promise<boolean>
  /**
   * Writes many documents, each as `assign` does, up to 1,000 at a time. Starts at once; reads `rows` no faster than the store
   * accepts them. A row that fails does not stop the others. `timeout` limits each row.
   *
   * Rows in flight still complete after the promise rejects.
   * @throws AbortedError (`SYNC_ABORTED`); ArgumentError for a row that is not a pair; any error from `rows` or `onRow`
   */
  importMany(
    rows: Iterable<readonly [string, Frozen<T>]> | AsyncIterable<readonly [string, Frozen<T>]>,
    options?: ImportOptions,
  ): Promise<ImportResult>
  /** Changes in batches, in order, each once or combined; bounded: what overflows becomes a `reset`. */
  changes(options?: ChangesOptions<T>): AsyncIterable<readonly Change<T>[]>
  /**
   * The changes of one document that came to this instance lately, oldest first, as they were committed: `created`, `delta`
   * and `removed`. What came before it was followed here, or was too much to keep (`memory.changes`), is not among them.
   */
  recentChanges(key: string): readonly Change<T>[]
  /** Calls `listener` for each change of one document, from now on. The returned function ends it. */
  subscribe(key: string, listener: (change: Change<T>) => void): () => void
}
