import type { CallOptions, Collection } from '../collection/api.ts'
import type { CollectionDefinition } from '../collection/definition.ts'
import type { DocumentRef, SectionRef } from '../model/address.ts'
import type { Duration } from '../model/duration.ts'
import type { Runtime } from '../model/runtime.ts'
import type { ConflictEvent, SyncEvent } from '../replica/events.ts'
import type { ChangeBus } from '../transport/bus.ts'
import type { Store } from '../transport/store.ts'
import type { SyncStats } from './stats.ts'

/** Options of {@link createInstance}. */
export interface SyncInstanceOptions {
  /** The authority. `close()` closes it. */
  readonly store: Store
  /** Carries changes to other instances. `close()` closes it. */
  readonly bus: ChangeBus
  /** Clock, timers, randomness and ids. Default: the real ones. */
  readonly runtime?: Runtime
  /**
   * Behaviour of a write while the store is unavailable. `wait` (default): it waits, and later writes to its key queue
   * behind it. `reject`: it rejects with `SYNC_STORE_UNAVAILABLE`.
   */
  readonly whenUnavailable?: 'wait' | 'reject'
  /** Maximum number of writes in progress per section. Further writes reject with `SYNC_LIMIT`. Default 100,000. */
  readonly maxPendingWrites?: number
  /** Number of conflicts that `recentConflicts()` keeps. Default 100. */
  readonly maxRecentConflicts?: number
  /**
   * Whether `conflict` events contain the documents `base`, `local` and `remote`. Default false: they can be large, and
   * personal. The hook `onConflict` of a collection always receives them.
   */
  readonly conflictValues?: boolean
  /** Regular comparison of cached documents with the store (see `verify`). Default: only on request. */
  readonly verification?: {
    /** Time between two comparisons. */
    readonly interval: Duration
    /** Number of cached documents per comparison, chosen at random, or `'all'`. Default 100. */
    readonly sample?: number | 'all'
  }
  /**
   * Interval of the heartbeat check, in which each section asks the store for missed changes: the bound of staleness.
   * Default 5 s.
   */
  readonly checkInterval?: Duration
  /** Maximum time that an early change waits for its predecessor before the replica asks the store. Default 20 ms. */
  readonly reorderWindow?: Duration
}

/** State and progress of an instance. */
export interface Health {
  /**
   * - `live`: no change is known to be missing.
   * - `catching-up`: changes are known to be missing, or not yet loaded.
   * - `stale`: the store or the bus is unavailable.
   * - `closed`: the instance is closed.
   */
  readonly state: 'live' | 'catching-up' | 'stale' | 'closed'
  /**
   * Time since all cached documents were last known to be current, in ms. `Number.MAX_SAFE_INTEGER` before a section's
   * first check and after `close()`. Always finite, so that JSON keeps it.
   */
  readonly staleForMs: number
  /**
   * Progress per section. Excludes sections with `subscribeBy: 'document'`, because they have no order to be behind in.
   */
  readonly sections: readonly SectionProgress[]
}

/** Progress of an instance in one section. Comparable between instances in the same epoch. */
export interface SectionProgress extends SectionRef {
  readonly epoch: string
  /** Sequence up to which the instance has received every commit; the first commit is 1. */
  readonly sequence: number
  /** Number of later commits that the instance knows of but has not received completely. */
  readonly behind: number
}

/** One instance: its replicas, which it keeps current, and its writes. */
export interface SyncInstance extends AsyncDisposable {
  /** Id of this instance: the origin of its changes. */
  readonly id: string
  /**
   * Returns a collection: a typed handle on one section of one partition. Without `at`, the partition is `default`: for
   * a service without tenants or regions. Handles of one definition share their replicas.
   * @throws ArgumentError (`SYNC_ARGUMENT`) if the section is already open in this instance with other options
   * (functions may differ, and those of the newest definition apply), or if `at` is given without a partition
   */
  collection<T>(definition: CollectionDefinition<T>, at?: { readonly partition: string }): Collection<T>
  /** Returns whether the instance is caught up, and its progress per section. */
  health(): Health
  /** Returns the counters since the start, with propagation times. */
  stats(): SyncStats
  /**
   * Calls `listener` for each event other than data changes: gaps, repairs, new epochs, failures, without awaiting it.
   * If it throws or rejects, the instance emits an `error` event. Returns an unsubscribe function.
   */
  onEvent(listener: (event: SyncEvent) => void): () => void
  /** Runs the heartbeat check now, for one section or all. Resolves when everything that it found is repaired. */
  catchUp(section?: SectionRef): Promise<void>
  /**
   * Compares cached documents with the store, each at one version. A difference is reported as an event, and the
   * document is reloaded.
   *
   * The heartbeat check finds missed changes; `verify` finds states that should not occur: a document that the store
   * lost or evicted, or a corrupted replica. `sample`: number of documents per section, chosen at random. Default: all.
   */
  verify(options?: { readonly section?: SectionRef; readonly sample?: number | 'all' }): Promise<VerifyReport>
  /**
   * Returns the last conflicts of this instance's writes, oldest first, each with its reason, fields and versions, and
   * without documents.
   */
  recentConflicts(): readonly ConflictEvent[]
  /** Resolves when every earlier write is committed and published. */
  flush(options?: CallOptions): Promise<void>
  /**
   * Flushes, then closes everything, the store and the bus included. Can be called more than once.
   *
   * Writes that have not completed by the deadline (default 5 s) reject with `SYNC_CLOSED` or `SYNC_OUTCOME_UNKNOWN`.
   * @throws TimeoutError (`SYNC_TIMEOUT`) if the store or the bus does not close within the deadline
   */
  close(options?: { readonly deadline?: Duration }): Promise<void>
}

/** Result of a comparison with the store. */
export interface VerifyReport {
  /** Number of compared documents. Excludes documents that kept changing during the comparison. */
  readonly checked: number
  /** Documents that differed from the store's at the same version. */
  readonly differing: readonly DocumentRef[]
  /** Consistency score: the share of compared documents that were equal, 0 to 1; 1 if none were compared. */
  readonly score: number
}
