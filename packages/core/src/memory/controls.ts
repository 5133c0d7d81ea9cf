import type { SectionRef } from '../model/address.ts'
import type { StoredDocument } from '../transport/store.ts'
import type { EncodedChange } from '../transport/wire.ts'
import type { SectionState } from '../versioning/section-state.ts'

/** What can be done to the server of a hub's stores, and seen of it. For tests, demonstrations and simulations. */
export interface MemoryStoreControls {
  /** From now on no call gets through: it rejects with `SYNC_STORE_UNAVAILABLE`, a commit with `committed: 'unknown'`. Also those held. */
  makeUnavailable(): void
  /** Ends `away`. */
  makeAvailable(): void
  /** Calls are held, neither executed nor answered, until `resume`. */
  pause(): void
  /** Ends `pause`: what was held is done now, in the order of the calls. */
  resume(): void
  /** The next `n` (default 1) `commit` calls are carried out, but rejected as if the reply were lost. */
  loseReplies(n?: number): void
  /** The server begins anew with all its data, under a new identity: every section mints an epoch when it is next touched. */
  restart(): void
  /**
   * The server begins anew without its last `n` commits, over all sections: data, log, sequences, lineage and op memory are
   * what they were before. Fewer, if there were not as many. Tells how many were lost.
   * @throws ArgumentError (`SYNC_ARGUMENT`) if `n` is more than the hub's `journal` can take back
   */
  loseTail(n: number): number
  /** What the server holds of a section, without passing its fence; `undefined`: it never heard of it. */
  inspect(section: SectionRef): SectionInspection | undefined
}

/** A section as the server holds it. */
export interface SectionInspection {
  readonly state: SectionState
  /** The living documents, by key. */
  readonly documents: ReadonlyMap<string, StoredDocument>
  /** How many documents take up memory: the living, and the expired that were not freed yet. */
  readonly heldCount: number
  /** The log, oldest first. */
  readonly changes: readonly EncodedChange[]
}

/**
 * What can be done to the deliveries of a hub's buses. A delivery is one frame on its way to one subscriber: of a frame with
 * three subscribers `drop(1)` takes one delivery, that of the longest subscribed. Counts are used up in the order of deliveries,
 * drops before repeats before reorderings. For tests, demonstrations and simulations.
 */
export interface MemoryBusControls {
  /** The next `n` (default 1) deliveries are lost. */
  drop(n?: number): void
  /** The next `n` (default 1) deliveries are made twice. */
  repeat(n?: number): void
  /** The next `n` (default 1) deliveries change places with the one after them; if none comes within 20 ms, they wait no longer. */
  reorder(n?: number): void
  /** From now on each delivery is lost, repeated or reordered with these probabilities (default 0 each), by the hub's random source. */
  setFaultRates(probabilities: FaultRates): void
  /** Every delivery takes `ms` longer (default 0), and up to `spread` (default 0) at random; each subscriber's order is kept. */
  delay(ms: number, spread?: number): void
  /** Frames are held back, all of them, until `resume`. */
  pause(): void
  /**
   * The subscribers' connections are cut: what is under way or published from now on does not reach them, though publishing
   * goes on; `subscribe` rejects with `SYNC_BUS_UNAVAILABLE`. Every client hears `interrupted`.
   */
  interrupt(): void
  /** Ends `pause` and `interrupt`; after the latter every client hears `resumed`. */
  resume(): void
  /** The broker is gone: as `interrupt`, and `publish` rejects with `SYNC_BUS_UNAVAILABLE` too. */
  makeUnavailable(): void
  /** Ends `away`; every client hears `resumed`. */
  makeAvailable(): void
}

/** Probabilities from 0 to 1. */
export interface FaultRates {
  readonly drop?: number
  readonly repeat?: number
  readonly reorder?: number
}
