import type { Merge } from '../merge/merge.ts'
import type { Duration } from '../model/duration.ts'
import type { SubscribeBy } from '../model/section-definition.ts'
import type { Conflict } from './conflict.ts'
import type { Field, FieldValue } from './document.ts'

/** What a collection is, shared by every service that uses it. */
export interface CollectionOptions<T> {
  /** The section of the store in which its documents live. */
  readonly section: string
  /** How long a document lives after its last write (or, `sliding`, its last read). Required: data that vanishes by default is a trap. */
  readonly ttl: 'never' | Duration | { readonly after: Duration; readonly sliding: boolean }
  /** `on-demand` (default): a document is held from its first read on. `all`: the whole section is held. */
  readonly replicate?: 'on-demand' | 'all'
  /** What is subscribed. `section` (default): all its changes. `key`: one subscription per document held, for huge sections of which an instance holds little. */
  readonly subscribeBy?: SubscribeBy
  /** How concurrent changes of a field become one. Default: `lww` for every field. */
  readonly merge?: { readonly [K in Field<T>]?: Merge<FieldValue<T, K>> }
  /**
   * Called when a write of this instance met another document than it took for granted, before it is built anew on what is
   * there now. Throwing refuses the write (`SYNC_REJECTED`): the place for rules of the domain. Synchronous; writes of a
   * collection that has one are not combined.
   */
  readonly onConflict?: (conflict: Conflict<T>) => void
  /**
   * Brings a stored document of an older shape into today's; one of today's shape it returns as it is. Pure. What it returns
   * is what is read; it is stored with the document's next write.
   */
  readonly migrate?: (stored: Readonly<Record<string, unknown>>) => T
  /** Loads documents that the store does not have, from a database for example. See {@link SourceOptions}. */
  readonly source?: LoadDocument<T> | SourceOptions<T>
  /** Gathers writes of high-rate fields before they are sent. Default: none; a write goes at once. */
  readonly batch?: BatchOptions<T>
  /** Bounds what is held. */
  readonly cache?: CacheOptions
}

/**
 * Loads one document, or `undefined` if it does not exist. Times out after 30 s: `signal` then aborts, and the read rejects
 * with `SYNC_SOURCE`.
 */
export type LoadDocument<T> = (key: string, signal: AbortSignal) => Promise<T | undefined>

/**
 * Where documents come from that the store does not have. Reads call `load` once per key, regardless of the number of
 * readers, and write the result to the store with `create`.
 */
export interface SourceOptions<T> {
  readonly load: LoadDocument<T>
  /** How long `load` is not called again for a document that it did not find. Default 1 minute. */
  readonly negativeTtl?: Duration
}

/** Writes to one document that are gathered: fewer commits and messages, for up to `wait` more until each is done. */
export interface BatchOptions<T> {
  /** How long the first one waits for others to join it. */
  readonly maxWait: Duration
  /** How many go without waiting any longer, 1,000 at most. Default 1,000. */
  readonly maxWrites?: number
  /** Only `set`s of just these fields wait. Default: every `set` and `update` that can be combined. */
  readonly fields?: readonly Field<T>[]
}

/** How much an instance holds. A document that is watched, or being written, is always held. */
export interface CacheOptions {
  /** The most documents held; those read longest ago go first. Default: no limit. */
  readonly maxDocuments?: number
  /** A document that was not read for this long is held no more; it may take up to half as long again. Default 6 h. */
  readonly maxIdle?: Duration
  /**
   * For `recentChanges`: how much of the section's last changes is kept, in characters of their text. They are kept for an hour
   * at most. Default 262,144; 0: none.
   */
  readonly recentChangesChars?: number
}
