import type { Merge } from '../merge/merge.ts'
import type { Duration } from '../model/duration.ts'
import type { SubscribeBy } from '../model/section-definition.ts'
import type { Conflict } from './conflict.ts'
import type { Field, FieldValue } from './document.ts'

/** Options of {@link defineCollection}, shared by every service that uses the collection. */
export interface CollectionOptions<T> {
  /** Name of the section in the store. */
  readonly section: string
  /**
   * Lifetime of a document after its last write or, with `sliding`, its last read. Required: data that expires by
   * default is a trap. A number counts milliseconds; below 1,000 it needs a unit, as in `'500ms'`.
   */
  readonly ttl: 'never' | Duration | { readonly after: Duration; readonly sliding: boolean }
  /**
   * Extent of the cache. `on-demand` (default): a document is cached from its first read. `all`: the whole section is
   * cached.
   */
  readonly replicate?: 'on-demand' | 'all'
  /**
   * Scope of the bus subscription. `section` (default): all changes of the section. `document`: one subscription per
   * cached document, for huge sections of which an instance caches little.
   */
  readonly subscribeBy?: SubscribeBy
  /** Merge strategy per field, for concurrent changes. Default: `lww` for every field. */
  readonly merge?: { readonly [K in Field<T>]?: Merge<FieldValue<T, K>> }
  /**
   * Called when a write of this instance finds a newer document than it was based on, before it is rebuilt on that
   * document. Enforces domain rules: an exception rejects the write with `SYNC_REJECTED`. Synchronous. Writes of a
   * collection with this option are not combined.
   */
  readonly onConflict?: (conflict: Conflict<T>) => void
  /**
   * Converts a stored document of an older shape to the current one; returns a current document unchanged. Must be
   * pure. Reads return the result; the document's next write stores it.
   */
  readonly migrate?: (stored: Readonly<Record<string, unknown>>) => T
  /** Loads documents that the store does not have, such as from a database. See {@link SourceOptions}. */
  readonly source?: LoadDocument<T> | SourceOptions<T>
  /** Gathers writes of high-rate fields before they are sent. Default: none; a write is sent at once. */
  readonly batch?: BatchOptions<T>
  /** Bounds of the cache. */
  readonly cache?: CacheOptions
}

/**
 * Loads one document, or resolves with `undefined` if it does not exist. Times out after 30 s: `signal` then aborts,
 * and the read rejects with `SYNC_SOURCE`.
 */
export type LoadDocument<T> = (key: string, signal: AbortSignal) => Promise<T | undefined>

/**
 * Loads several documents in one query. Resolves with a map by key: a document, or an `Error` for a key that failed. A
 * key that the map lacks does not exist. Times out after 30 s like {@link LoadDocument}.
 */
export type LoadDocuments<T> = (
  keys: readonly string[],
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, T | undefined | Error>>

/**
 * Source of documents that the store does not have, with `load`, `loadMany` or both. Reads, and writes that are based on
 * the document, ask it once per key and write the result to the store, if the document is still absent there.
 *
 * A call runs in the async context of the first caller that it serves.
 */
export interface SourceOptions<T> {
  /** Loads one document. With `loadMany` also given, it serves keys that wait alone. */
  readonly load?: LoadDocument<T>
  /** Loads the keys that wait at the same time, at most 100 per call. */
  readonly loadMany?: LoadDocuments<T>
  /** Maximum number of calls at the same time, per section and instance. Default 16. */
  readonly maxConcurrent?: number
  /**
   * Behaviour of reads while the store is unavailable. `wait` (default): a read of a document that is not cached waits
   * for the store. `read`: it returns the source's document, which is not written to the store. Its entry is `stale`
   * and has version 0. A read with `after` always waits.
   */
  readonly whenStoreUnavailable?: 'wait' | 'read'
  /**
   * Time for which an `undefined` result is remembered: `load` is not called again for that document. Default 1 minute.
   */
  readonly negativeTtl?: Duration
}

/** Gathering of writes to one document. It saves commits and messages, and delays a write by up to `maxWait`. */
export interface BatchOptions<T> {
  /** Maximum time that the first write waits for others. */
  readonly maxWait: Duration
  /** Number of gathered writes that are sent without further delay, 1 to 1,000. Default 1,000. */
  readonly maxWrites?: number
  /**
   * Restricts gathering to `assign` calls that write only these fields. Default: every `assign` and `update` that can
   * be combined.
   */
  readonly fields?: readonly Field<T>[]
}

/** Bounds of an instance's cache. A document that is watched or being written is always cached. */
export interface CacheOptions {
  /** Maximum number of cached documents. Those read longest ago are evicted first. Default: no limit. */
  readonly maxDocuments?: number
  /**
   * Time after which a document that is not read is evicted; it can take half as long again. A section without cached
   * documents, watchers and writes is released after the same time: it has no subscription and no heartbeat check until
   * its next use. Default 6 h.
   */
  readonly maxIdle?: Duration
  /**
   * Capacity of `recentChanges` for the section, in characters of encoded changes. Changes are kept for at most an
   * hour. Default 262,144; 0 disables it.
   */
  readonly recentChangesChars?: number
}
