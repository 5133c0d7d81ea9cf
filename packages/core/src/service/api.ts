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
  /** The authority. Closed together with the instance. */
  readonly store: Store
  /** Carries changes. Closed together with the instance. */
  readonly bus: ChangeBus
  /** Time and randomness. Default: the real ones. */
  readonly runtime?: Runtime
  /** What a write does while the store cannot be reached: `wait` (default), its key's later writes behind it, or `reject`. */
  readonly whenUnavailable?: 'wait' | 'reject'
  /** The most writes under way in one section; more reject with `SYNC_LIMIT`. Default 100,000. */
  readonly maxPendingWrites?: number
  /** How many conflicts `conflicts()` keeps. Default 100. */
  readonly maxRecentConflicts?: number
  /** Compares held documents with the store from time to time (see `verify`). Default: only when asked to. */
  readonly verification?: {
    readonly interval: Duration
    /** How many held documents, picked at random; `'all'` of them. Default 100. */
    readonly sample?: number | 'all'
  }
  /** How often each followed section asks the store whether it missed something: the bound of staleness. Default 5 s. */
  readonly checkInterval?: Duration
  /** How long a change that arrived early waits for its predecessor before the store is asked. Default 20 ms. */
  readonly reorderWindow?: Duration
}

/** How far an instance is. */
export interface Health {
  readonly state: 'live' | 'catching-up' | 'stale' | 'closed'
  /** How long ago all that is held was last known to be current. */
  readonly staleForMs: number
  /** Those that are followed whole: one that is followed by key has no order to be behind in. */
  readonly sections: readonly SectionProgress[]
}

/** How far an instance is in one section: to be shown, and to be compared with how far others are in the same epoch. */
export interface SectionProgress extends SectionRef {
  readonly epoch: string
  /** Every commit up to this one, counted from 1, was seen. */
  readonly sequence: number
  /** How many later ones it knows of, and has not seen all of. */
  readonly behind: number
}

/** One instance: its replicas, kept current, and its writes. */
export interface SyncInstance extends AsyncDisposable {
  /** This instance's id: the origin of its changes. */
  readonly id: string
  /**
   * A handle on a section in a partition. Handles of one definition share their replicas.
   * @throws ArgumentError (`SYNC_ARGUMENT`) if the section is already open here by another definition
   */
  collection<T>(definition: CollectionDefinition<T>, at: { readonly partition: string }): Collection<T>
  /** Am I caught up? */
  health(): Health
  /** Counters since the start, with propagation times. */
  stats(): SyncStats
  /** Calls `listener` for what happens beside the data: gaps, repairs, epoch changes, failures. The returned function ends it. */
  onEvent(listener: (event: SyncEvent) => void): () => void
  /** Asks the store now whether anything was missed, and waits until it is repaired. */
  catchUp(section?: SectionRef): Promise<void>
  /**
   * Compares held documents with the store, each at one version; what differs is told as an event and loaded anew. The
   * silence check finds what was missed; this finds what should never be: a lost or evicted document, a corrupted copy.
   * `sample`: so many, picked at random. Default: all.
   */
  verify(options?: { readonly section?: SectionRef; readonly sample?: number | 'all' }): Promise<VerifyReport>
  /** The last conflicts of writes made here, oldest first, with what each meant to write and what it met. */
  recentConflicts(): readonly ConflictEvent[]
  /** Waits until every write begun before is committed and published. */
  flush(options?: CallOptions): Promise<void>
  /**
   * Flushes, then ends everything. Writes not done by the deadline (default 5 s) reject with `SYNC_CLOSED` or
   * `SYNC_OUTCOME_UNKNOWN`. May be called twice. Rejects with `SYNC_TIMEOUT` if store or bus do not end within the deadline.
   */
  close(options?: { readonly deadline?: Duration }): Promise<void>
}

/** What a comparison with the store found. */
export interface VerifyReport {
  /** How many documents were compared. Those that went on changing while they were looked at are left out. */
  readonly checked: number
  /** Those that were not what the store has at that version. */
  readonly differing: readonly DocumentRef[]
  /** The consistency score: the share of the documents compared that were equal, 0 … 1; 1 where there were none. */
  readonly score: number
}
